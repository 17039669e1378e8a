// Renders a chart with Go's own text/template, as Helm does, and with the few of Helm's functions that the
// chart uses; any other one fails. Reads {"values": ..., "release": ..., "chart": ...} from standard input
// and prints one JSON object: each file's name with what it renders to.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// The files of the chart beside its templates, as Helm gives them: what is not there is empty.
type files string

func (folder files) Get(name string) string {
	text, _ := os.ReadFile(filepath.Join(string(folder), name))
	return string(text)
}

func main() {
	var data map[string]any
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	check(decoder.Decode(&data))
	data["Files"] = files(os.Args[1])
	root := template.New("chart").Option("missingkey=error")
	include := func(name string, with any) (string, error) {
		var out bytes.Buffer
		err := root.ExecuteTemplate(&out, name, with)
		return out.String(), err
	}
	root.Funcs(template.FuncMap{
		"include": include,
		"quote":   func(value any) string { return fmt.Sprintf("%q", fmt.Sprint(value)) },
		"nindent": func(n int, text string) string {
			margin := "\n" + strings.Repeat(" ", n)
			return margin + strings.ReplaceAll(text, "\n", margin)
		},
		"toJson": func(value any) (string, error) {
			text, err := json.Marshal(value)
			return string(text), err
		},
		"tuple": func(values ...any) []any { return values },
		"int": func(value any) (int64, error) {
			number, ok := value.(json.Number)
			if !ok {
				return 0, errors.New("no number")
			}
			return number.Int64()
		},
		"fail": func(message string) (string, error) { return "", errors.New(message) },
	})
	files, err := filepath.Glob(filepath.Join(os.Args[1], "templates", "*"))
	check(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		_, err = root.New(filepath.Base(file)).Parse(string(text))
		check(err)
	}
	rendered := map[string]string{}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var out bytes.Buffer
		check(root.ExecuteTemplate(&out, name, data))
		rendered[name] = out.String()
	}
	check(json.NewEncoder(os.Stdout).Encode(rendered))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

"""The benchmark behind `make bench`: Sidegate and plain mitmdump, measured turn by turn in one run.

__main__    arguments, scenario order, exit code
passing     scenario: CPU per request of calls that pass (tier 1), against mitmdump
judging     scenario: cost of one judgement in process, by size of the body and number of rules
packs       scenario: what loading all packs costs
idle        scenario: time from start to the first answer, and memory before there is anything to do
large       scenario: delay of small calls while another client sends large bodies
stream      scenario: memory of a large download, time to the first server-sent event
targets     a proxy process: how each kind is started and stopped
procfs      CPU time and memory of a process and its children, from /proc
upstream    certificates, nginx, and the origin that stands in for it
origin      a small TLS server: timed events, and what nginx serves where nginx is missing
load        TLS clients through the proxy, and the closed loop over them
report      sections, goals, and their text, Markdown and JSON

A scenario is a module with `run(bench) -> Section`, named in `__main__.SCENARIOS`.
"""

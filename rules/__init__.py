"""The decision core: pure functions over values, in the order in which a request passes them.

- `message`: a request as it arrived; `headers`: what each header is for
- `normalize`: one strict reading of it, by `request/` (host, target, body), as a `call` or a refusal
- `decode/`: the operations that its payload asks for
- `language/`: rules files read and checked; `compile`: from them to a `ruleset`
- `account`: what a rule says of its calls beside their tier; `handling`: what is done around a held one;
  `template`: sentences and paths of probes made of a call's parts
- `packs/`: rules files for known vendors, that the product brings
- `matching/`: whether a rule means a call, surely, perhaps or not
- `triggers`: what a call gives away by itself
- `general/`: what a call that no rule names most likely does
- `drafting/`, `openapi/`, `observed/`: rules made of what a vendor has written down, or of what was seen
- `placeholder`: what agents have in place of secrets, where it belongs and where it does not
- `classify`: the `verdict` on a call, and what fixed it
- `named`: which calls a rule names, and `explanation`: all that bears on one, for people
- `approval`: who must approve it
- `drift/`: whether what a call would change is still as it was when a human was asked
- `action`: the immutable binding that is approved; `hold`: what may become of it; `decision`: by whom
- `granting/`: calls that a person lets run before they are asked for
- `quality`: what people say of verdicts, and shares of few
- `reviewer`: who decides; `authority`: whether somebody may
- `edit`: what they may change of a call, `form`: its members as fields; `talk`: what is said about it
- `drill/`: calls that nobody asked for, made of held ones to see whether people look
- `review/`: what a person is shown of a held call, bounded and inert, and the hash that an approval names
- `audit/`: what is recorded of all that, and whether records are as they were written
- `reply`: what the agent hears
- `mcp/`: tool calls as MCP messages carry them, and what the agent hears there
"""

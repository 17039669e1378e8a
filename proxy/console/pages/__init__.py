"""The console's pages for people in a browser, in the order in which a request meets them.

- `routes`: which address shows what
- `shell`: who may see it, which forms are heard, and what every answer tells the browser
- `nowhere`: what an address shows that there is not
- `form`: what a form says, strictly read
- `rendering`: templates in which every text is inert
- `identity/`: in and out, one's own account, everybody
- `lines`: what a list says of each hold; `listed`: the lists; `one`: one hold and all that would run
- `acting/`: what people do on the page of a hold; `switch`: the kill switch
- `rulebook`: the rules of now and why a call is judged as it is; `glances`: agents and numbers
- `live`: tells open pages that something has changed
"""

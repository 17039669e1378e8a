"""The adapters: their layers driven without sockets, and the whole data plane with them."""

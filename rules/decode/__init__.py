"""What a call asks for by its payload: `operation` (its name), `graphql` (which calls carry a document, and
where), `graphql_document` (what a document asks for), `aws` (the operations of AWS);
`raw_mail` (to whom a mail goes that a body carries whole).
"""

from rules.call import HttpCall
from rules.decode import aws, graphql
from rules.decode.operation import Operation


def operations(call: HttpCall) -> tuple[Operation, ...] | None:
    """Every operation that `call` asks for, each once, in the order of the payload. Never raises.

    `()` when the call speaks none of the languages; None when it does, or may, but what it asks for
    cannot be read with certainty. `normalize` asks once for each request and keeps the answer in
    `HttpCall.operations`; a call that carries no document costs two comparisons.
    """
    found = (graphql.operations(call), aws.operations(call))
    return None if None in found else tuple(one for each in found if each for one in each)

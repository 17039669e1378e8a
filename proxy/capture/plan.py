"""What becomes of an agent's packets: which are redirected to the gate, and which are refused.

The rules are of one table, `inet sidegate`, so that IPv4 and IPv6 are the same and nothing else is touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass

TABLE = "sidegate"
DNS_PORT = 53

# Never redirected, never reached: who has these gets secrets of the machine.
_METADATA_4 = "{ 169.254.0.0/16, 100.100.100.200, 168.63.129.16, 192.0.0.192 }"
_METADATA_6 = "{ fd00:ec2::/32, fd20:ce::254 }"
_NEIGHBOURS = "{ nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Ports, and whose packets are meant: `agents`, or where none are named, everybody's but `spared`.

    `to`: where the gate takes redirected connections; `dns`: where its resolver listens.
    `ports`: the TCP ports that are redirected, all where none is named; what is not redirected is refused.
    `closed`: ports of this machine that agents may not reach: the console, the store.
    """

    to: int
    dns: int
    spared: int | None = None
    agents: tuple[int, ...] = ()
    ports: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """An invalid plan cannot be made."""
        for port in (self.to, self.dns, *self.ports, *self.closed):
            if not 0 < port < 65536:
                raise ValueError(f"`{port}` is no port; give one from 1 to 65535")
        if self.spared is not None and self.spared in self.agents:
            raise ValueError(f"user id `{self.spared}` is the gate's own: run the agent as another user")
        if {self.to, self.dns} & {*self.closed}:
            raise ValueError("a port that agents are redirected to cannot be closed to them")

    def rules(self) -> str:
        """The table, as `nft -f` reads it: whole or not at all, in place of what was there."""
        return "\n".join(
            [
                f"add table inet {TABLE}",
                f"delete table inet {TABLE}",
                f"table inet {TABLE} {{",
                *_chain("turned", "type nat hook output priority -110; policy accept;", self._turned()),
                *_chain("leaving", self._hook("output"), self._leaving()),
                *([] if self.agents else _chain("through", self._hook("forward"), [])),
                *_chain("agent", "", self._agent()),
                "}\n",
            ]
        )

    def _hook(self, name: str) -> str:
        policy = "accept" if self.agents else "drop"
        return f"type filter hook {name} priority 0; policy {policy};"

    def _turned(self) -> list[str]:
        """Where connections begin, before any other redirection of this machine."""
        tcp = f"tcp dport {_set(self.ports)}" if self.ports else "meta l4proto tcp"
        return [
            *self._left_alone("return"),
            # A stub on loopback would carry questions out; so it comes before what stays here.
            f"meta l4proto {{ tcp, udp }} th dport {DNS_PORT} redirect to :{self.dns}",
            "ip daddr 127.0.0.0/8 return",
            "ip6 daddr ::1 return",
            f"ip daddr {_METADATA_4} return",
            f"ip6 daddr {_METADATA_6} return",
            f"{tcp} redirect to :{self.to}",
        ]

    def _leaving(self) -> list[str]:
        """Whose packets are looked at."""
        if self.agents:
            return [f"meta skuid {_set(self.agents)} jump agent"]
        return [*self._left_alone("accept"), "jump agent"]

    def _left_alone(self, verdict: str) -> list[str]:
        if self.agents:
            return [f"meta skuid != {_set(self.agents)} {verdict}"] if verdict == "return" else []
        return [] if self.spared is None else [f"meta skuid {self.spared} {verdict}"]

    def _agent(self) -> list[str]:
        """What an agent may send after redirection: answers, and what stays on this machine's loopback."""
        closed = f"tcp dport {_set(self.closed)} reject with tcp reset"
        return [
            # Only answers: what it began before there were rules ends with them.
            "ct direction reply accept",
            *([f"ip daddr 127.0.0.0/8 {closed}", f"ip6 daddr ::1 {closed}"] if self.closed else []),
            # Not all of 127.0.0.0/8: resolvers that carry questions out have addresses of their own there.
            "ip daddr 127.0.0.1 accept",
            "ip6 daddr ::1 accept",
            f"icmpv6 type {_NEIGHBOURS} accept",
            "meta l4proto tcp reject with tcp reset",
            "counter drop",
        ]


def absence() -> str:
    """What takes the table away, whether it is there or not."""
    return f"add table inet {TABLE}\ndelete table inet {TABLE}\n"


def _chain(name: str, head: str, lines: Iterable[str]) -> list[str]:
    inner = [head, *lines] if head else [*lines]
    return [f"\tchain {name} {{", *(f"\t\t{line}" for line in inner), "\t}"]


def _set(numbers: Iterable[int]) -> str:
    return f"{{ {', '.join(str(number) for number in sorted({*numbers}))} }}"

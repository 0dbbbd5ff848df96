# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An outage of Vapi under calls, from the first failed check to the return, with real SIP software; prints figures.

    python tests/callpath/outage.py              # all of it, about a quarter of an hour
    python tests/callpath/outage.py --rounds 12  # with packet loss for a minute only

Somebody calls a number five times a second. Vapi's SIP proxy and its API are killed, or freeze, or refuse everything
with 503. The event source `availability` runs with its defaults inside the network, its events start the playbooks, the
playbooks change the sandbox, and the proxy of didlogic routes as the sandbox's API says. What becomes of each call is
read from what both proxies take down.

After that, 100 monitors run with the defaults for 120 rounds, which are ten minutes, each behind a link that loses 20 %
of the packets in both directions, and are then cut off. Nothing is scaled: they run at the same time.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(place) for place in (ROOT, ROOT / "tests" / "robustness")]

import messages

from tests.callpath.lab import CALLER, DIDLOGIC, VAPI, Lab
from tests.callpath.namespace import Namespace

HERE = Path(__file__).parent
PLAYBOOKS = "voiceops.vapi_didlogic."
#: Calls a second, and the number: its next destination is the phone of the desk.
RATE, NUMBER, UNPROTECTED = 5, "31207001000", "31207001001"
ASSISTANT, NEXT = "assistant Reception", "phone of the desk"
#: Seconds in which an outage must be noticed, and in which anything else must happen.
NOTICED, BOUND = 30, 120
#: Of packets, in each direction.
LOSS, MONITORS, ROUNDS = 0.2, 100, 120
OUTAGES = ("killed", "frozen", "refusing")
OPENER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b"x"], [listener.fileno()])
"""
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
Found = collections.Counter[str]


def listening(network: Namespace, port: int) -> socket.socket:
    """A socket that listens inside the network, and is served by this process."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = network.command(sys.executable, "-c", OPENER, theirs.fileno(), port)
        subprocess.run(command, pass_fds=[theirs.fileno()], check=True, timeout=BOUND)
        return socket.socket(fileno=socket.recv_fds(ours, 1, 1)[1][0])


class Gate:
    """An address inside the network at which an API of the sandbox responds, unless it is closed.

    :param url: the URL of the API.
    """

    def __init__(self, network: Namespace, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self.network, self.beyond = network, (str(parts.hostname), parts.port or 80)
        self.state = "open"
        self.port = 0
        self.open()
        self.url = f"http://127.0.0.1:{self.port}{parts.path}"

    def open(self) -> None:
        self.listener = listening(self.network, self.port)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=[self.listener], daemon=True).start()

    def close(self) -> None:
        """From now on the kernel refuses connections."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=[listener.accept()[0]], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(BOUND)
            request = connection.recv(65536)
            if self.state == "frozen":
                connection.recv(1)  # until the other side gives up
            elif self.state == "refusing":
                connection.sendall(REFUSED)
            else:
                with socket.create_connection(self.beyond, BOUND) as beyond:
                    beyond.sendall(request)
                    while data := beyond.recv(65536):
                        connection.sendall(data)


class Program:
    """monitor.py, inside the network."""

    def __init__(self, network: Namespace, *arguments: dict[str, Any]) -> None:
        command = network.command(sys.executable, HERE / "monitor.py", *map(json.dumps, arguments))
        unset = ("DIDLOGIC_API_KEY", "DIDLOGIC_API_URL", "VAPI_API_URL")
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name not in unset},
        )

    def line(self, within: float) -> Any:
        """The next line of its output."""
        assert self.process.stdout
        assert select.select([self.process.stdout], [], [], within)[0], f"no event within {within} s"
        text = self.process.stdout.readline()
        assert text, "the monitor has ended"
        return json.loads(text)

    def event(self, state: str, within: float) -> dict[str, Any]:
        """The next event, which must be this one."""
        found: dict[str, Any] = self.line(within)
        assert found["availability"]["state"] == state, found
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def following(scene: Any) -> Iterator[None]:
    """Meanwhile, didlogic's proxy routes as its API says."""
    done = threading.Event()
    failures: list[BaseException] = []

    def follow() -> None:
        try:
            while not done.wait(0.2):
                scene.lab.route(scene.environment.state())
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert not failures, failures


def begin(how: str, lab: Lab, api: Gate) -> None:
    """Vapi fails."""
    if how == "killed":
        api.close()
        lab.kill_vapi()
        return
    api.state = how
    if how == "frozen":
        lab.freeze_vapi()
    else:
        lab.refuse(503)


def end(how: str, lab: Lab, api: Gate) -> None:
    """Vapi is well again."""
    if how == "killed":
        lab.revive_vapi()
        api.open()
        return
    api.state = "open"
    if how == "frozen":
        lab.thaw_vapi()
    else:
        lab.refuse(0)


class Times(dict[str, float]):
    """When something happened, as Unix time."""

    def note(self, name: str) -> None:
        self[name] = time.time()


def rehearse(scene: Any, how: str, variables: dict[str, Any], arguments: dict[str, Any], seconds: float) -> Found:
    """One outage under calls.

    :param scene: environment and network. :param how: one of OUTAGES. :param variables: of the playbooks.
    :param arguments: of the event source. :param seconds: how long each state lasts at least.
    :return: what was counted.
    """
    scene.set()
    lab, services, times = scene.lab, scene.environment.services, Times()
    before = scene.environment.state()["numbers"]

    def play(name: str) -> str:
        # Vapi's API has no address here: it is not needed.
        done = services.play(PLAYBOOKS + name, **variables, vapi_didlogic_vapi_api_url="http://127.0.0.1:9")
        assert done.rc == 0, done.text
        return str(done.text)

    def settle() -> None:
        """Wait until the proxy routes as the API says."""
        limit, desired = time.monotonic() + BOUND, scene.environment.state()["numbers"]
        while lab.state["numbers"] != desired:
            assert time.monotonic() < limit
            time.sleep(0.02)

    with contextlib.ExitStack() as stack:
        api, reference = (Gate(lab.network, services.facts[f"{name}_api_url"]) for name in ("vapi", "didlogic"))
        stack.callback(reference.close)
        stack.callback(api.close)
        urls = {"vapi_api_url": api.url, "didlogic_api_url": reference.url}
        monitor = Program(lab.network, {**arguments, **urls})
        stack.callback(monitor.close)
        stack.enter_context(following(scene))
        calling = lab.calling(NUMBER, RATE)
        stack.callback(lab.network.stop, calling, signal.SIGKILL)
        monitor.event("available", BOUND)
        time.sleep(seconds)
        times.note("failed")
        begin(how, lab, api)
        times.note("failing")
        times["noticed"] = monitor.event("unavailable", BOUND)["at"]
        text = play("failover")
        assert f"without another active destination, not switched: {UNPROTECTED}" in text, text
        settle()
        times.note("bypassed")
        time.sleep(seconds)
        end(how, lab, api)
        times.note("well")
        times["well noticed"] = monitor.event("available", BOUND)["at"]
        times.note("returning")
        play("failback")
        settle()
        times.note("returned")
        time.sleep(seconds)
        calling.send_signal(signal.SIGUSR1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            calling.wait(12)
    found = judge(lab, times)
    found["destinations that were not restored"] += scene.environment.state()["numbers"] != before
    return found


def judge(lab: Lab, times: Times) -> Found:
    """What became of the calls."""
    found: Found = collections.Counter({"outages": 1})
    for name, begun, ended in (
        ("until Vapi's outage was noticed", "failed", "noticed"),
        ("from that until calls bypassed Vapi", "noticed", "bypassed"),
        ("until Vapi's return was noticed", "well", "well noticed"),
        ("from that until calls reached Vapi", "well noticed", "returned"),
    ):
        found[f"milliseconds {name}"] = round(1000 * (times[ended] - times[begun]))
    found["outages noticed too late"] += times["noticed"] - times["failed"] > NOTICED
    calls: dict[str, list[Any]] = {}
    for message in lab.dump.messages():
        calls.setdefault(message.header("call-id"), []).append(message)
    for call in calls.values():
        invites = [item for item in call if item.method == "INVITE"]
        asked = [item for item in invites if not item.status and item.source == CALLER and item.target == DIDLOGIC]
        if asked:
            found.update(judge_call(invites, asked[0].time, times))
    return found


def judge_call(invites: list[Any], begun: float, times: Times) -> Found:
    """What became of one call.

    :param invites: its INVITE requests and the responses to them. :param begun: when the caller dialled.
    """
    found: Found = collections.Counter({"calls": 1})
    answer = next((item for item in invites if item.target == CALLER and item.status == 200), None)
    who = answer.header("server") if answer else ""
    asked = any(not item.status and item.target == VAPI["us"] for item in invites)
    if begun < times["failing"]:
        if answer and answer.time < times["failed"]:
            found["calls before"] += 1
            found["calls before that were not answered by Vapi"] += who != ASSISTANT
        else:
            found["calls in progress when Vapi failed"] += 1
    elif not answer:
        found["calls that nobody answered"] += 1
    elif begun < times["bypassed"]:
        found["calls until failover, answered by the next destination after Vapi's"] += who == NEXT
        # Within the retransmissions of its INVITE, Vapi may be back.
        returned = who == ASSISTANT and answer.time >= times["well"]
        found["calls until failover, answered by Vapi after its return"] += returned
        found["calls until failover that were answered by another one"] += who != NEXT and not returned
    elif begun < times["returning"]:
        found["calls after failover"] += 1
        found["calls after failover that asked Vapi"] += asked or who != NEXT
    elif begun < times["returned"]:
        found["calls during failback"] += 1
    else:
        found["calls after failback"] += 1
        found["calls after failback that were not answered by Vapi"] += who != ASSISTANT
    return found


def with_loss(lab: Lab, reference: str, arguments: dict[str, Any], settings: dict[str, Any]) -> Found:
    """Monitors behind links that lose packets, which are cut in the end.

    :param reference: the URL of didlogic's API inside the network. :param arguments: of the event source.
    :param settings: of monitor.py. :return: what was counted.
    """
    found: Found = collections.Counter()
    given = {**arguments, "didlogic_api_url": reference}
    monitor = Program(lab.network, given, {"sip_host": VAPI["us"], "within": NOTICED, **settings})
    try:
        links = monitor.line(20 * settings["rounds"] + BOUND)
    finally:
        monitor.close()
    for link in links:
        early = [state for state, at in link["changes"] if at < link["cut_at"]]
        late = [(state, at - link["cut_at"]) for state, at in link["changes"] if at >= link["cut_at"]]
        found["changes of the state with packet loss"] += len(early) - (early[:1] == ["available"])
        found["monitors without a state"] += not early
        found["outages noticed too late with packet loss"] += [state for state, _after in late] != ["unavailable"]
        slowest = max((round(1000 * after) for _state, after in late), default=0)
        name = "milliseconds until an outage was noticed with packet loss"
        found[name] = max(found[name], slowest)
        for name, at in (("packets", "datagrams"), ("packets lost", "lost"), ("rounds of the monitors", "rounds")):
            found[name] += link[at]
        found["checks that failed by packet loss"] += sum(link["failed"].values())
        found["rounds in which both checks failed"] += link["quorum_failed"]
    found["monitors"] += len(links)
    return found


BROKEN = (
    "calls that nobody answered",
    "calls before that were not answered by Vapi",
    "calls until failover that were answered by another one",
    "calls after failover that asked Vapi",
    "calls after failback that were not answered by Vapi",
    "destinations that were not restored",
    "outages noticed too late",
    "changes of the state with packet loss",
    "outages noticed too late with packet loss",
    "monitors without a state",
)


def total(parts: list[Found]) -> Found:
    """The sum of what was counted; of times, the longest one."""
    found: Found = collections.Counter()
    for part in parts:
        for name, value in part.items():
            found[name] = max(found[name], value) if name.startswith("milliseconds") else found[name] + value
    return found


@contextlib.contextmanager
def staged() -> Iterator[tuple[Any, Callable[[], Gate], dict[str, Any]]]:
    """The scene, a gate to didlogic's API, and the variables of the playbooks."""
    from tests.callpath import conftest

    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / "lab").mkdir()
        lab = Lab(folder / "lab")
        stack.callback(lab.close)
        here = conftest.Environment("us", folder / "us")
        stack.callback(here.services.stop)
        variables = variables_of(here.password)
        yield (
            conftest.Scene(here, lab),
            lambda: Gate(lab.network, here.services.facts["didlogic_api_url"]),
            variables,
        )


def variables_of(password: str) -> dict[str, Any]:
    """The variables of the playbooks: the environment; a number without another destination is accepted."""
    from tests.callpath.conftest import environment

    return {**environment("us", password), "vapi_didlogic_failover_allow_unprotected": True}


def main() -> int:
    options = messages.options(__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS, help="of each monitor with packet loss; 0 leaves it out")
    options.add_argument("--outages", nargs="*", choices=OUTAGES, default=OUTAGES)
    chosen = options.parse_args()
    begun = time.monotonic()
    with staged() as (scene, gate, variables):
        parts = [rehearse(scene, how, variables, {}, 12) for how in chosen.outages]
        if chosen.rounds:
            settings = {"runs": MONITORS, "loss": LOSS, "scale": 1, "rounds": chosen.rounds}
            parts.append(with_loss(scene.lab, gate().url, {}, settings))
    counted = total(parts)
    figures = {name: counted[name] for name in [*counted, *(name for name in BROKEN if name not in counted)]}
    return messages.end(figures, counted, BROKEN, time.monotonic() - begun, chosen.json)


if __name__ == "__main__":
    sys.exit(main())

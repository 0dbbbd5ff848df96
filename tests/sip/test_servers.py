# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIP probe against SIP software that others wrote, on loopback.

Each server is skipped where its program is missing. On Debian: ``apt-get install --no-install-recommends kamailio
kamailio-tls-modules sip-tester sipsak``, and ``asterisk`` where there is a package of it (Debian 12 and 13 have none).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import trustme

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.options import from_options
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.probe import ProbeOptions, probe

HOST, USER, PASSWORD, WRONG = "127.0.0.1", "01234", "open-sesame-7", "another-sesame"
LOGIN = {"method": "register", "username": USER, "password": PASSWORD}
LIFE = 60  # seconds after which a server ends by itself, whatever becomes of the tests
SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def program(name: str, package: str = "") -> str:
    """A program's path; skips where it is missing."""
    found = shutil.which(name, path=SEARCH)
    if not found:
        pytest.skip(f"{name} is not installed (Debian's package {package or name})")
    return found


def free_port() -> int:
    """A port that neither UDP nor TCP uses."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind((HOST, 0))
            port: int = udp.getsockname()[1]
            with contextlib.suppress(OSError):
                tcp.bind((HOST, port))
                return port


def listens(kind: str, port: int) -> bool:
    """Whether a port is open, without a packet to it: some servers count them."""
    desired = f":{port:04X}"
    lines = Path(f"/proc/net/{kind}").read_text(encoding="ascii").splitlines()[1:]
    states = {"udp": {"07"}, "tcp": {"0A"}}[kind]
    return any(line.split()[1].endswith(desired) and line.split()[3] in states for line in lines)


@dataclasses.dataclass
class Running:
    """A server under way, and what it writes."""

    process: subprocess.Popen[bytes]
    log: Path

    def count(self, text: str) -> int:
        return self.log.read_text(encoding="utf-8", errors="replace").count(text)


@contextlib.contextmanager
def running(command: list[str], log: Path, ports: dict[str, list[int]], **more: t.Any) -> t.Iterator[Running]:
    """Start a server, wait for its ports, and end it with all that it started."""
    with log.open("wb") as output:
        whole = ["timeout", "--kill-after=5", str(LIFE), *command]
        process = subprocess.Popen(whole, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **more)
        try:
            until = time.monotonic() + 15
            while not all(listens(kind, port) for kind, opened in ports.items() for port in opened):
                gone = process.poll() is not None
                assert not gone, log.read_text(encoding="utf-8", errors="replace")[-3000:]
                assert time.monotonic() < until, f"no port after 15 s\n{log.read_text()[-3000:]}"
                time.sleep(0.05)
            yield Running(process, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)  # timeout hands it on
                process.wait(15)


def look(port: int, transport: str = "udp", **options: t.Any) -> tuple[dict[str, t.Any], str]:
    given = {"host": HOST, "port": port, "transport": transport, "timeout": 5, **options}
    result, trouble = probe(from_options(ProbeOptions, given), lambda _text: None)
    return result["probe"], trouble or ""


def said(found: dict[str, t.Any], step: str) -> str:
    return " | ".join(check["message"] for check in found["checks"] if check["name"] == step)


@dataclasses.dataclass
class Trust:
    path: str
    folder: Path

    def files(self, name: str, ca: trustme.CA, *hosts: str, **more: t.Any) -> tuple[Path, Path]:
        """Certificate and key of a server."""
        issued = ca.issue_cert(*hosts, **more)
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        return certificate, key


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Trust:
    folder = tmp_path_factory.mktemp("trust")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return Trust(str(folder / "ca.pem"), folder)


# ------------------------------------------------------------------------------------------------------------ Kamailio

KAMAILIO = """#!KAMAILIO
debug=0
log_stderror=yes
children=1
tcp_children=1
disable_sctp=yes
auto_aliases=no
alias={host}
listen=udp:{host}:{plain}
listen=tcp:{host}:{plain}
enable_tls=yes
{secure}
loadmodule "tls.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("tls", "config", "{folder}/tls.cfg")
modparam("auth", "algorithm", "{algorithm}")
modparam("auth", "qop", "auth")
modparam("auth", "secret", "a secret of this test")
modparam("usrloc", "db_mode", 0)
request_route {{
    if (is_method("OPTIONS")) {{
        append_to_reply("Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER\\r\\n");
        sl_send_reply("200", "Keepalive");
        exit;
    }}
    if (!is_method("REGISTER")) {{
        xlog("L_ALERT", "unwanted $rm\\n");
        exit;
    }}
    if (is_present_hf("Authorization")) xlog("L_ALERT", "attempt of $aU\\n");
    if (!pv_www_authenticate("didlogic", "{password}", "0")) {{
        $var(why) = $rc;
        if (is_present_hf("Authorization") && {forbids}) {{
            sl_send_reply("403", "Wrong password");
            exit;
        }}
        www_challenge("didlogic", "1");
        exit;
    }}
    save("location");
}}
"""
TLS_CFG = """[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
certificate = {certificate}
private_key = {key}
"""
TLS_SERVER = """[server:{host}:{port}]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
certificate = {certificate}
private_key = {key}
"""


@dataclasses.dataclass
class Kamailio:
    """A registrar on UDP, TCP and TLS, with two more TLS ports whose certificates are wrong."""

    running: Running
    plain: int
    secure: int
    expired: int
    other: int

    @property
    def attempts(self) -> int:
        return self.running.count("attempt of")


@contextlib.contextmanager
def kamailio(
    folder: Path, trust: Trust, authority: trustme.CA, algorithm: str = "", forbids: int = 1
) -> t.Iterator[Kamailio]:
    command = program("kamailio")
    modules = next((path for path in Path("/usr").glob("lib*/**/kamailio/modules/tls.so")), None)
    if modules is None:
        pytest.skip("Kamailio's module tls is not installed (Debian's package kamailio-tls-modules)")
    plain, secure, expired, other = ports = [free_port() for _port in range(4)]
    assert len(set(ports)) == 4
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=3)
    before = past - datetime.timedelta(days=30)
    kinds = {
        secure: trust.files("good", authority, HOST),
        expired: trust.files("expired", authority, HOST, not_before=before, not_after=past),
        other: trust.files("other", authority, "sip.example.com"),
    }
    texts = [TLS_CFG.format(certificate=kinds[secure][0], key=kinds[secure][1])]
    texts += [TLS_SERVER.format(host=HOST, port=port, certificate=a, key=b) for port, (a, b) in kinds.items()]
    (folder / "tls.cfg").write_text("\n".join(texts))
    listen = "\n".join(f"listen=tls:{HOST}:{port}" for port in kinds)
    config = folder / "kamailio.cfg"
    config.write_text(
        KAMAILIO.format(
            host=HOST, plain=plain, secure=listen, folder=folder, algorithm=algorithm, password=PASSWORD,
            forbids="$var(why) == -2" if forbids else "$var(why) == 99",
        )
    )  # fmt: skip
    words = [
        command,
        "-DD",
        "-E",
        "-f",
        str(config),
        "-L",
        str(modules.parent),
        "-Y",
        str(folder),
        "-m",
        "16",
        "-M",
        "4",
    ]
    opened = {"udp": [plain], "tcp": [plain, *kinds]}
    with running(words, folder / "kamailio.log", opened, cwd=folder) as server:
        yield Kamailio(server, plain, secure, expired, other)
        assert server.count("unwanted") == 0


@pytest.fixture(scope="module")
def registrar(tmp_path_factory: pytest.TempPathFactory, trust: Trust, authority: trustme.CA) -> t.Iterator[Kamailio]:
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(kamailio(tmp_path_factory.mktemp("kamailio"), trust, authority))


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_kamailio_responds_to_options(registrar: Kamailio, trust: Trust, transport: str) -> None:
    port = registrar.secure if transport == "tls" else registrar.plain
    found, trouble = look(port, transport, ca_path=trust.path)
    assert trouble == ""
    assert (found["status"], found["reason"]) == (200, "Keepalive")
    assert found["server"].startswith("kamailio (")
    assert found["allow"] == ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER"]
    assert found["refer_advertised"] is False
    assert (found["tls"] or {}).get("verified") is (True if transport == "tls" else None)


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_kamailio_accepts_the_password(registrar: Kamailio, trust: Trust, transport: str) -> None:
    port = registrar.secure if transport == "tls" else registrar.plain
    before = registrar.attempts
    found, trouble = look(port, transport, ca_path=trust.path, **LOGIN)
    assert (trouble, found["authenticated"]) == ("", True)
    assert registrar.attempts == before + 1


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_kamailio_rejects_a_wrong_password_once(registrar: Kamailio, trust: Trust, transport: str) -> None:
    port = registrar.secure if transport == "tls" else registrar.plain
    before = registrar.attempts
    found, trouble = look(port, transport, ca_path=trust.path, **LOGIN | {"password": WRONG})
    assert found["authenticated"] is False
    assert "REGISTER was rejected with 403 Wrong password" in trouble
    assert registrar.attempts == before + 1


def test_kamailio_certificate_and_port_errors(registrar: Kamailio, trust: Trust) -> None:
    assert "expired on" in look(registrar.expired, "tls", ca_path=trust.path)[1]
    assert "is for sip.example.com, not for 127.0.0.1" in look(registrar.other, "tls", ca_path=trust.path)[1]
    assert "is not trusted" in look(registrar.secure, "tls")[1]
    assert "correct the option transport" in look(registrar.secure, "tcp")[1]
    assert "but something does over TCP" in look(registrar.secure, "udp")[1]
    assert "as a port for plain SIP does" in look(registrar.plain, "tls", timeout=1)[1]
    assert "nothing listens" in look(free_port(), "tcp")[1]


def test_kamailio_keeps_existing_registrations(registrar: Kamailio) -> None:
    """A phone that is registered stays so: sipsak registers it, the probe asks twice."""
    sipsak = program("sipsak")
    words = ["-U", "-C", "sip:phone@192.0.2.7:5060", "-x", "300", "-u", USER, "-a", PASSWORD]
    target = ["-s", f"sip:{USER}@{HOST}:{registrar.plain}"]
    done = subprocess.run([sipsak, *words, *target], capture_output=True, text=True, timeout=15, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for _time in range(2):
        found, trouble = look(registrar.plain, **LOGIN)
        assert (trouble, found["authenticated"]) == ("", True)
        assert "1 registered contact left alone" in said(found, "digest")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_kamailio_digest_algorithms(tmp_path: Path, trust: Trust, authority: trustme.CA, algorithm: str) -> None:
    """This one challenges again where a password is wrong."""
    with kamailio(tmp_path, trust, authority, algorithm, forbids=0) as server:
        found, trouble = look(server.plain, "tcp", **LOGIN)
        assert (trouble, found["authenticated"]) == ("", True)
        found, trouble = look(server.plain, "tcp", **LOGIN | {"password": WRONG})
        assert found["authenticated"] is False
        assert "rejected with 401" in trouble
        assert server.attempts == 2


# ---------------------------------------------------------------------------------------------------------------- SIPp

HEADERS = """[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]"""
SIPP = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="registrar">
  <recv request="OPTIONS" />
  <send><![CDATA[
    SIP/2.0 200 OK
    {headers}
    Allow: INVITE, ACK, REFER
    Content-Length: 0

  ]]></send>
  <recv request="REGISTER" />
  <send><![CDATA[
    SIP/2.0 401 Unauthorized
    {headers}
    WWW-Authenticate: Digest realm="sipp", nonce="{nonce}", algorithm=MD5{qop}
    Content-Length: 0

  ]]></send>
  <recv request="REGISTER">
    <action>
      <ereg regexp="." search_in="hdr" header="Contact:" check_it_inverse="true" assign_to="contact" />
      <verifyauth assign_to="right" username="{user}" password="{password}" />
    </action>
  </recv>
  <nop hide="true" test="right" next="1" />
  <send next="2"><![CDATA[
    SIP/2.0 403 Wrong
    {headers}
    Content-Length: 0

  ]]></send>
  <label id="1" />
  <send><![CDATA[
    SIP/2.0 200 OK
    {headers}
    Content-Length: 0

  ]]></send>
  <label id="2" />
  <Reference variables="contact" />
</scenario>
"""


@pytest.mark.parametrize("qop", ["", ', qop="auth"'])
@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sipp_checks_the_digest(tmp_path: Path, transport: str, right: bool, qop: str) -> None:
    sipp = program("sipp", "sip-tester")
    port, scenario = free_port(), tmp_path / "registrar.xml"
    text = SIPP.format(headers=HEADERS, nonce="47ebe028", qop=qop, user=USER, password=PASSWORD)
    scenario.write_text(re.sub(r"(?m)^    (?=\[|SIP)", "    ", text))
    words = ["-sf", str(scenario), "-i", HOST, "-p", str(port), "-m", "1", "-nostdin", "-t", f"{transport[0]}1"]
    more = ["-trace_err", "-error_file", str(tmp_path / "errors.log"), "-timeout", "20s"]
    environment = {**os.environ, "TERM": "dumb"}
    log = tmp_path / "sipp.log"
    with running([sipp, *words, *more], log, {transport: [port]}, cwd=tmp_path, env=environment) as server:
        password = PASSWORD if right else WRONG
        found, trouble = look(port, transport, **LOGIN | {"password": password})
        errors = tmp_path / "errors.log"
        assert found["authenticated"] is right, errors.read_text() if errors.exists() else trouble
        assert found["refer_advertised"] is True
        assert server.process.wait(10) == 0, "SIPp saw just what it expected"


# ------------------------------------------------------------------------------------------------------------ Asterisk

ASTERISK = {
    "asterisk.conf": "[directories]\nastetcdir => {folder}\nastvarlibdir => {folder}/lib\nastdbdir => {folder}\n"
    "astrundir => {folder}\nastlogdir => {folder}\nastspooldir => {folder}\nastkeydir => {folder}\n"
    "astdatadir => /usr/share/asterisk\nastmoddir => {modules}\n[options]\nnofork = yes\n",
    "modules.conf": "[modules]\nautoload = no\n" + "".join(
        f"load = {name}.so\n"
        for name in (
            "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_pjproject", "res_pjsip",
            "res_pjsip_session", "res_pjsip_authenticator_digest", "res_pjsip_endpoint_identifier_user",
            "res_pjsip_endpoint_identifier_anonymous", "res_pjsip_registrar", "res_pjsip_outbound_authenticator_digest",
        )
    ),
    "pjsip.conf": "[global]\ntype = global\ndefault_realm = didlogic\n"
    "[udp]\ntype = transport\nprotocol = udp\nbind = {host}:{port}\n"
    "[tcp]\ntype = transport\nprotocol = tcp\nbind = {host}:{port}\n"
    "[{user}]\ntype = endpoint\ncontext = nowhere\ndisallow = all\nallow = ulaw\nauth = {user}\naors = {user}\n"
    "[{user}]\ntype = auth\nauth_type = userpass\nusername = {user}\npassword = {password}\n"
    "[{user}]\ntype = aor\nmax_contacts = 1\n",
    "logger.conf": "[general]\n[logfiles]\nconsole => error,warning,notice\n",
    "stasis.conf": "", "pjproject.conf": "", "sorcery.conf": "", "indications.conf": "", "acl.conf": "",
}  # fmt: skip


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_asterisk_responses(tmp_path: Path, transport: str) -> None:
    asterisk = program("asterisk")
    modules = next((path.parent for path in Path("/usr/lib").glob("**/asterisk/modules/res_pjsip.so")), None)
    if modules is None:
        pytest.skip("Asterisk has no PJSIP (Debian's package asterisk-modules)")
    port = free_port()
    (tmp_path / "lib").mkdir()
    for name, text in ASTERISK.items():
        full = text.format(folder=tmp_path, modules=modules, host=HOST, port=port, user=USER, password=PASSWORD)
        (tmp_path / name).write_text(full)
    words = [asterisk, "-f", "-C", str(tmp_path / "asterisk.conf")]
    with running(words, tmp_path / "output.log", {"udp": [port], "tcp": [port]}, cwd=tmp_path):
        found, trouble = look(port, transport, **LOGIN)
        assert (trouble, found["authenticated"]) == ("", True)
        found, trouble = look(port, transport, **LOGIN | {"password": WRONG})
        assert found["authenticated"] is False
        found, trouble = look(port, transport)
        assert (trouble, found["reachable"]) == ("", True)

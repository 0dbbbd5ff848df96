# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIP on the wire against the examples of the RFCs, and against any bytes at all."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import typing as t

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip import certificate
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip import message as sip_message
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._sip.message import (
    Challenge,
    Malformed,
    Request,
    Response,
)


def message(*lines: str, end: str = "\r\n") -> bytes:
    return (end.join(lines) + end * 2).encode("utf-8", "surrogateescape")


def response(*lines: str, status: str = "SIP/2.0 401 Unauthorized") -> Response:
    found = sip_message.parse(message(status, *lines))
    assert found is not None
    return found


def joined(text: str) -> str:
    """A vector of an RFC, written with spaces so that it is not taken for somebody's key."""
    return text.replace(" ", "")


# --------------------------------------------------------------------------------------------------------- responses


def test_response_is_parsed() -> None:
    """After RFC 3261, section 24.1, F2."""
    found = response(
        "Via: SIP/2.0/UDP bobspc.biloxi.com:5060;branch=z9hG4bKnashds7",
        " ;received=192.0.2.4",
        "To: Bob <sip:bob@biloxi.com>;tag=2493k59kd",
        "From: Bob <sip:bob@biloxi.com>;tag=456248",
        "Call-ID: 843817637684230@998sdasdh09",
        "CSeq: 1826 REGISTER",
        "Contact: <sip:bob@192.0.2.4>",
        "Expires: 7200",
        "Content-Length: 0",
        status="SIP/2.0 200 OK",
    )
    assert (found.status, found.reason) == (200, "OK")
    assert found.values("expires") == ["7200"]
    assert sip_message.answers(found, "z9hG4bKnashds7", 1826, "REGISTER")
    assert not sip_message.answers(found, "z9hG4bKnashds8", 1826, "REGISTER")
    assert not sip_message.answers(found, "z9hG4bKnashds7", 1827, "REGISTER")
    assert not sip_message.answers(found, "z9hG4bKnashds7", 1826, "OPTIONS")


def test_folded_and_compact_headers_are_parsed() -> None:
    """The header forms of RFC 4475, 3.1.1.1 (a short tortuous INVITE), in a response."""
    found = response(
        "TO :",
        " sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
        'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
        "  ;",
        "  tag = 98asjd8",
        "cseq: 0009",
        "  INVITE",
        "s :",
        "NewFangledHeader:   newfangled value",
        " continued newfangled value",
        "v:  SIP  / 2.0  / TCP     spindle.example.com   ;",
        "  branch  =   z9hG4bK9ikj8  ",
        'm:\t"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
        "      newvalue ;",
        "  secondparam ; q = 0.33",
        status="sip/2.0 200 OK",
    )
    assert found.values("to") == ["sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n"]
    assert found.values("newfangledheader") == ["newfangled value continued newfangled value"]
    assert found.values("cseq") == ["0009 INVITE"]
    assert len(found.items("contact")) == 1
    assert sip_message.answers(found, "Z9HG4BK9IKJ8", 9, "INVITE")


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_response_with_several_vias_is_ignored(end: str) -> None:
    """RFC 4475, 3.3.10 (bcast); in one header or in two."""
    ours, other = "SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923", "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23"
    for lines in (("Via: " + ours, "Via: " + other), (f"v: {ours}, {other}",), (f"Via: {ours},", f" {other}")):
        found = sip_message.parse(message("SIP/2.0 200 OK", *lines, "CSeq: 35 INVITE", end=end))
        assert found
        assert len(found.items("via")) == 2
        assert not sip_message.answers(found, "z9hG4bK1324923", 35, "INVITE")
    alone = sip_message.parse(message("SIP/2.0 200 OK", "v: " + ours, "CSeq: 35 INVITE", end=end))
    assert alone
    assert sip_message.answers(alone, "z9hG4bK1324923", 35, "INVITE")


def test_unusual_reason_phrases_are_parsed() -> None:
    """RFC 4475, 3.1.1.12 (unreason) and 3.1.1.13 (noreason)."""
    text = "= 2**3 * 5**2 но сто девяносто девять - простое"
    assert response(status=f"SIP/2.0 200 {text}").reason == text
    assert sip_message.printable(text) == text
    assert (response(status="SIP/2.0 100 ").status, response(status="SIP/2.0 100 ").reason) == (100, "")
    assert response(status="SIP/2.0 100").reason == ""


@pytest.mark.parametrize(
    "line",
    [
        "SIP/2.0 4294967301 better not break the receiver",  # RFC 4475, 3.1.2.19 (bigcode)
        "SIP/7.0 200 OK",
        "SIP/2.0 -1 Accepted",
        "SIP/2.0 18 Accepted",
        "SIP/2.0 700 Accepted",
        "SIP/2.0 \uff12\uff10\uff10 OK",
        "SIP/2.0200 OK",
        "HTTP/1.1 400 Bad Request",
        "SSH-2.0-OpenSSH_9.2",
        "220 mail.example.com ESMTP",
        "",
    ],
)
def test_malformed_message_is_rejected(line: str) -> None:
    with pytest.raises(Malformed):
        sip_message.parse(message(line, "CSeq: 1 OPTIONS"))
    with pytest.raises(Malformed):
        sip_message.frame(message(line or "\0", "CSeq: 1 OPTIONS"))


def test_oversized_cseq_does_not_match() -> None:
    """RFC 4475, 3.1.2.5 (scalarlg)."""
    found = response(
        "Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129",
        "CSeq: 9292394834772304023312 OPTIONS",
        "Retry-After: 949302838503028349304023988",
        status="SIP/2.0 503 Service Unavailable",
    )
    assert not sip_message.answers(found, "z9hG4bKzzxdiwo34sw", 9292394834772304023312, "OPTIONS")


def test_requests_are_ignored() -> None:
    assert sip_message.parse(message("OPTIONS sip:user@example.com SIP/2.0", "CSeq: 1 OPTIONS")) is None
    assert sip_message.parse(message("NEWMETHOD sip:user@example.com SIP/2.0")) is None


def test_invalid_header_line_is_ignored() -> None:
    found = response(" folded onto nothing", "no header", " and its rest", "Server: one", "Server: two", ": x")
    assert found.values("server") == ["one", "two"]


def test_allow_header_is_parsed() -> None:
    assert sip_message.allowed(response("Server: x")) is None
    assert sip_message.allowed(response("Allow:")) == []
    found = response("Allow: INVITE, ack,BYE ,,INVITE, <x>, no method", "ALLOW: refer", "Allow: " + "X" * 40)
    assert sip_message.allowed(found) == ["INVITE", "ACK", "BYE", "REFER"]
    many = response("Allow: " + ",".join(f"M{number}" for number in range(500)))
    assert len(sip_message.allowed(many) or []) == sip_message.MAX_METHODS


def test_display_text_is_printable() -> None:
    assert sip_message.printable("a\r\nb\x1b[31m\u202ec\udcff  d") == "a b [31m c d"
    assert len(sip_message.printable("x y" * 100_000)) == sip_message.MAX_DISPLAYED
    assert sip_message.printable(f"you sent {hashlib.md5(b'x').hexdigest()}, {hashlib.sha256(b'x').hexdigest()}") == (
        "you sent ..., ..."
    )


# ------------------------------------------------------------------------------------------------------------ streams


def test_stream_is_split_into_messages() -> None:
    first = message("SIP/2.0 200 OK", "l : 4") + b"abcd"
    second = message("SIP/2.0 100 Trying", end="\n")
    whole = first + second
    for at in range(len(first)):
        assert sip_message.frame(whole[:at]) is None
    assert sip_message.frame(whole) == len(first)
    assert sip_message.frame(whole[len(first) :]) == len(second)
    assert sip_message.frame(message("SIP/2.0 200 OK", "Content-Length: 2", "l: 2") + b"ab") == len(first) + 16


@pytest.mark.parametrize(
    "data",
    [
        message("SIP/2.0 200 OK", "Content-Length: -999"),  # RFC 4475, 3.1.2.3 (ncl)
        message("SIP/2.0 200 OK", "Content-Length: 13", "Content-Length: 5"),  # 3.3.9 (mcl01)
        message("SIP/2.0 200 OK", "Content-Length: 9999999"),
        message("SIP/2.0 200 OK", "Content-Length: \uff19"),
        message("SIP/2.0 200 OK", "Content-Length: x"),
        b"SIP/2.0 200 OK\r\n" + b"x" * 20_000,
        b"x" * 20_000,
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\x15",
        b"\x00",
    ],
)
def test_invalid_stream_is_rejected_early(data: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        sip_message.frame(data)
    assert refused.value.args == ()


def test_tls_record_is_recognised() -> None:
    with pytest.raises(Malformed) as refused:
        sip_message.frame(b"\x15\x03\x03\x00\x02\x02\x46")
    assert refused.value.args == (sip_message.TLS,)


def test_too_many_headers_are_refused() -> None:
    with pytest.raises(Malformed):
        sip_message.parse(message("SIP/2.0 200 OK", *["a: b"] * 300))
    with pytest.raises(Malformed):
        sip_message.parse(message("SIP/2.0 200 OK", "a: " + "b" * 20_000))


# ---------------------------------------------------------------------------------------------------------- any bytes

PIECES = """SIP/2.0_|200 OK|401|\r\n|\n|_|\t|:|;|,|"|\\|<|>|=|Via|v|branch|CSeq|1 OPTIONS|Content-Length|Allow|realm=|
WWW-Authenticate: Digest_|Proxy-Authenticate:_|nonce="a"|qop|stale=true|algorithm=SHA-256|\xff|\0"""
SIP_LIKE = st.lists(st.sampled_from(PIECES.replace("_", " ").split("|")), max_size=60).map(
    lambda pieces: "".join(pieces).encode("latin-1")
)
BYTES = st.one_of(st.binary(max_size=2_000), SIP_LIKE, SIP_LIKE.map(b"SIP/2.0 401 x\r\n".__add__))


@given(BYTES)
@example(b"SIP/2.0 401 x\r\nWWW-Authenticate: Digest realm=a,nonce=b,Digest realm=c,nonce=d\r\n\r\n")
def test_any_bytes_are_parsed_or_malformed(data: bytes) -> None:
    try:
        found = sip_message.parse(data)
    except Malformed:
        return
    if found is None:
        return
    assert 100 <= found.status <= 699
    assert sip_message.printable(found.reason).isprintable()
    sip_message.answers(found, "z9hG4bK1", 1, "OPTIONS")
    for method in sip_message.allowed(found) or ():
        assert method.isascii()
    for challenge in sip_message.chosen(sip_message.challenges(found)):
        header, value = sip_message.authorization(challenge, "REGISTER", "sip:h", "u", "p", "c")
        line = f"{header}: {value}"
        assert not set(line) & set("\r\n\0"), "a challenge must not make lines of its own"
        line.encode("utf-8", "surrogateescape")


@given(BYTES, st.data())
def test_any_stream_is_split_or_malformed(data: bytes, draw: st.DataObject) -> None:
    """What a stream begins with decides: more bytes do not change an answer that is given."""
    cut = draw.draw(st.integers(0, len(data)))
    try:
        early = sip_message.frame(data[:cut])
    except Malformed:
        with pytest.raises(Malformed):
            sip_message.frame(data)
        return
    if early is not None:
        assert 0 < early <= cut
        assert sip_message.frame(data) == early


@given(st.text(), st.sampled_from(",;"))
def test_splitting_removes_only_separators(value: str, mark: str) -> None:
    parts = sip_message.split(value, mark)
    assert all(part and part == part.strip() for part in parts)
    kept = [char for char in value if not char.isspace() and char != mark]
    assert [char for part in parts for char in part if not char.isspace() and char != mark] == kept


@given(st.text(), st.text())
def test_quoted_separators_are_not_split(inner: str, after: str) -> None:
    quoted = '"' + inner.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assume(not {"<", ">", '"'} & set(after))
    assert sip_message.split(f"{quoted},{after}")[0] == quoted


@given(st.binary(max_size=600))
def test_any_bytes_are_parsed_as_certificate_or_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        certificate.read(data)


@given(st.data())
def test_corrupted_certificate_is_parsed_or_malformed(draw: st.DataObject) -> None:
    der = bytearray(GOOD)
    for _change in range(draw.draw(st.integers(1, 4))):
        der[draw.draw(st.integers(0, len(der) - 1))] = draw.draw(st.integers(0, 255))
    try:
        found = certificate.read(bytes(der[: draw.draw(st.integers(0, len(der)))]))
    except Malformed:
        return
    assert found.subject.isprintable()
    assert len(found.not_after) == 20


# ----------------------------------------------------------------------------------------------------------- requests


def test_request_is_valid_sip() -> None:
    request = Request(
        method="REGISTER", uri="sip:example.com", sender="sip:01234@example.com", to="sip:01234@example.com",
        via="UDP 192.0.2.1:5060", branch="z9hG4bK1", tag="2", call_id="3", number=4, parameters=(("X", "y"),),
    )  # fmt: skip
    lines = bytes(request).decode().split("\r\n")
    assert lines[0] == "REGISTER sip:example.com SIP/2.0"
    assert lines[-2:] == ["", ""]
    assert sip_message.parse(bytes(request)) is None
    assert sip_message.frame(bytes(request)) == len(bytes(request))
    names = {line.partition(":")[0] for line in lines[1:-2]}
    assert names >= {"Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Content-Length", "X"}
    assert not names & {"Contact", "Expires"}
    assert "Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK1" in lines


def test_uris_are_split_into_parts() -> None:
    assert sip_message.address("::1") == "[::1]"
    assert sip_message.address("192.0.2.1") == "192.0.2.1"
    assert sip_message.escaped("01234") == "01234"
    assert sip_message.escaped("a/b#c%é") == "a%2Fb%23c%25%C3%A9"


# ------------------------------------------------------------------------------------------------------------- digest

SMITH = {
    "realm": "biloxi.com",
    "nonce": joined("dcd98b71 02dd2f0e 8b11d0f6 00bfb0c0 93"),
    "opaque": joined("5ccc069c 403ebaf9 f0171e95 17f40e41"),
}
RFC7616 = {
    "realm": "http-auth@example.org",
    "nonce": joined("7ypf/xlj9XXwfDPE oM4URrv/xwf94BcC AzFZH4GiTo0v"),
    "qop": ("auth",),
}
RFC7616_CNONCE = joined("f2/wE4q74E6zIJEt WaHKaf5wv/H5QzzpXusqGemxURZJ")
VECTORS: dict[str, tuple[dict[str, t.Any], tuple[str, str, str, str, str], str]] = {
    "RFC 2617, 3.5": (
        {
            "realm": "testrealm@host.com",
            "nonce": joined("dcd98b71 02dd2f0e 8b11d0f6 00bfb0c0 93"),
            "qop": ("auth", "auth-int"),
            "opaque": joined("5ccc069c 403ebaf9 f0171e95 17f40e41"),
        },
        ("GET", "/dir/index.html", "Mufasa", "Circle Of Life", "0a4f113b"),
        "6629fae4 9393a053 97450978 507c4ef1",
    ),
    "RFC 7616, 3.9.1, MD5": (
        {**RFC7616, "algorithm": "MD5"},
        ("GET", "/dir/index.html", "Mufasa", "Circle of Life", RFC7616_CNONCE),
        "8ca523f5 e9506fed 4657c970 0eebdbec",
    ),
    "RFC 7616, 3.9.1, SHA-256": (
        {**RFC7616, "algorithm": "SHA-256"},
        ("GET", "/dir/index.html", "Mufasa", "Circle of Life", RFC7616_CNONCE),
        "753927fa 0e85d155 564e2e27 2a28d180 2ca10daf 44967946 97cf8db5 856cb6c1",
    ),
    # The RFC's own value is that of another hash: see its erratum 4897. The user's name is not hashed here.
    "RFC 7616, 3.9.2, SHA-512-256": (
        {
            "realm": "api@example.org",
            "nonce": joined("5TsQWLVdgBdmrQ0X sxbDODV+57QdFR34 I9HAbC/RVvkK"),
            "qop": ("auth",),
            "algorithm": "SHA-512-256",
        },
        ("GET", "/doe.json", "Jäsøn Doe", "Secret, or not?", joined("NTg6RKcb9boFIAS3 KrFK9BGeh+iDa/sm 6jUMp2wds69v")),
        "3798d413 1c277846 293534c3 edc11bd8 a5e4cdcb ff78b05d b9d95eeb 1cec68a5",
    ),
    "smith-sipping-auth-examples, 3.1, no qop": (
        SMITH, ("INVITE", "sip:bob@biloxi.com", "bob", "zanzibar", "0a4f113b"), "bf57e4e0 d0bffc0f baedce64 d59add5e",
    ),
    "smith-sipping-auth-examples, 3.3": (
        {**SMITH, "algorithm": "MD5", "qop": ("auth", "auth-int")},
        ("INVITE", "sip:bob@biloxi.com", "bob", "zanzibar", "0a4f113b"),
        "89eb0059 246c02b2 f6ee02c7 961d5ea3",
    ),
    "smith-sipping-auth-examples, 3.4, MD5-sess": (
        {**SMITH, "algorithm": "MD5-sess", "qop": ("auth",)},
        ("INVITE", "sip:bob@biloxi.com", "bob", "zanzibar", "0a4f113b"),
        "e4e4ea61 d186d07a 92c9e1f6 919902e9",
    ),
}  # fmt: skip


def answered(challenge: Challenge, *how: str) -> dict[str, str]:
    _header, value = sip_message.authorization(challenge, *how)
    assert value.startswith("Digest ")
    pairs = [part.partition("=") for part in sip_message.split(value.removeprefix("Digest "))]
    return {name: text.strip('"') for name, _is, text in pairs}


@pytest.mark.parametrize("name", VECTORS)
def test_digest_equals_rfc_example(name: str) -> None:
    challenge, how, expected = VECTORS[name]
    found = answered(Challenge(**challenge), *how)
    assert found["response"] == joined(expected)
    assert found["username"] == how[2]
    assert found.get("algorithm") == challenge.get("algorithm")
    assert ("qop" in found, "nc" in found, "cnonce" in found) == (("qop" in challenge),) * 3
    assert found.get("opaque") == challenge.get("opaque")


def test_digest_auth_int_of_empty_body() -> None:
    """By hand, as the examples have bodies."""

    def h(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    found = answered(Challenge("r", "n", "sha-256-SESS", ("auth-int",)), "REGISTER", "sip:h", "u", "p", "c")
    first, second = h(f"{h('u:r:p')}:n:c"), h(f"REGISTER:sip:h:{h('')}")
    assert found["response"] == h(f"{first}:n:00000001:c:auth-int:{second}")
    assert found["qop"] == "auth-int"


def test_rfc_8760_challenges_are_parsed() -> None:
    """Section 2.6: one header each, the server's favourite first."""
    found = sip_message.challenges(
        response(
            'WWW-Authenticate: Digest realm="biloxi.com", qop="auth", algorithm=SHA-512-256, nonce="a", opaque="b"',
            'WWW-Authenticate: Digest realm="biloxi.com", qop="auth", algorithm=SHA-256, nonce="c"',
            'WWW-Authenticate: Digest realm="biloxi.com", qop="auth", algorithm=MD5, nonce="d", stale=TRUE',
        )
    )
    assert [challenge.algorithm for challenge in found] == ["SHA-512-256", "SHA-256", "MD5"]
    assert [challenge.stale for challenge in found] == [False, False, True]
    (one,) = sip_message.chosen(found)
    assert one.nonce == ("a" if "sha512_256" in hashlib.algorithms_available else "c")


def test_challenges_in_one_header_are_parsed() -> None:
    found = sip_message.challenges(
        response(
            'WWW-Authenticate: Basic realm="x", Digest realm="a, \\"b\\"", nonce="1", qop="auth,auth-int", Digest',
            ' realm=c,nonce="2" ,algorithm=SHA-3, DIGEST realm="c", nonce="3", algorithm=md5-SESS, qop=auth, Negotiate',
            'proxy-authenticate: digest Realm="p", Nonce="4=", domain="sip:x"',
            "WWW-Authenticate: Digest realm=x",
            'WWW-Authenticate: Digest realm="x", nonce=""',
        )
    )
    assert [(challenge.realm, challenge.nonce) for challenge in found] == [
        ('a, \\"b\\"', "1"), ("c", "2"), ("c", "3"), ("p", "4="),
    ]  # fmt: skip
    assert [(challenge.nonce, challenge.proxy) for challenge in sip_message.chosen(found)] == [
        ("1", False), ("3", False), ("4=", True),
    ]  # fmt: skip
    header, value = sip_message.authorization(sip_message.chosen(found)[2], "REGISTER", "sip:h", "u", "p", "c")
    assert header == "Proxy-Authorization"
    assert "qop" not in value
    # What was escaped goes back as it came.
    assert 'realm="a, \\"b\\""' in sip_message.authorization(found[0], "REGISTER", "sip:h", "u", "p", "c")[1]


@pytest.mark.parametrize(
    "parameters",
    [
        'realm="a", nonce="' + "n" * 2_000 + '"',
        'realm="a\x01b", nonce="1"',
        'realm="a", nonce="1", algorithm=SHA-1',
        'realm="a", nonce="1", qop="other"',
        'realm="a", nonce="1", algorithm=MD5-sess',
    ],
)
def test_unsupported_challenge_is_not_answered(parameters: str) -> None:
    assert sip_message.chosen(sip_message.challenges(response(f"WWW-Authenticate: Digest {parameters}"))) == []


# ------------------------------------------------------------------------------------------------------- certificates


def made(subject: x509.Name, names: t.Sequence[x509.GeneralName] = (), year: int = 2030) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Issuer")]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(year, 2, 3, 4, 5, 6, tzinfo=datetime.UTC))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


GOOD = made(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sip.example.com")]), [x509.DNSName("sip.example.com")])


def test_certificate_fields_are_parsed() -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bücher & Söhne"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "x@example.com"),
            x509.NameAttribute(NameOID.COMMON_NAME, "sip\n.example.com"),
        ]
    )
    names = [
        x509.DNSName("sip.example.com"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.RFC822Name("x@example.com"),
    ]
    found = certificate.read(made(name, names))
    assert found.subject == "C=NL, O=Bücher & Söhne, CN=sip .example.com"
    assert found.names == ("sip.example.com", "192.0.2.1", "2001:db8::1")
    assert found.not_after == "2030-02-03T04:05:06Z"
    assert certificate.read(made(x509.Name([]), names)).subject == "sip.example.com"
    assert certificate.read(made(x509.Name([]))).subject == ""
    assert certificate.read(made(name, year=2077)).not_after == "2077-02-03T04:05:06Z"  # another form of time
    many = [x509.DNSName(f"{number}.example.com") for number in range(50)]
    assert len(certificate.read(made(name, many)).names) == certificate.MAX_NAMES


def test_trustme_certificates_are_parsed() -> None:
    """As Python's own reading, which it does for trusted ones only."""
    issued = trustme.CA().issue_cert("sip.example.com")
    der = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes()).public_bytes(serialization.Encoding.DER)
    assert certificate.read(der).names == ("sip.example.com",)

"""Arguments of MAIL and RCPT."""


import pytest
from fakes.effort import bounded
from hypothesis import given
from hypothesis import strategies as st

from gateway.smtp import paths, replies
from gateway.smtp.paths import Mail
from gateway.smtp.replies import Reply


def mail(argument: str) -> Mail | Reply:
    return paths.mail(argument, extended=True)


def rcpt(argument: str, *, utf8: bool = False) -> str | Reply:
    return paths.rcpt(argument, extended=True, utf8=utf8)


GOOD = [
    "a@example.com",
    "a@example",
    "first.last+tag=x/y@mail-1.example.com",
    "x%elsewhere.example@bcc.example",
    '"x@elsewhere.example"@bcc.example',
    '"a \\" b"@example.com',
    '""@example.com',
    "x@[127.0.0.1]",
    "x@[IPv6:2001:db8::1]",
    "x@[tag:content]",
    "a" * 200 + "@example.com",
]
BAD = [
    "a@b",
    "<a@b",
    "a@b>",
    "<a(c)@b>",
    "<a @b>",
    "< a@b>",
    "<a..b@example.com>",
    "<.a@example.com>",
    "<a@example..com>",
    "<a@-example.com>",
    "<a@example.com.>",
    "<a@b@c>",
    "<@b>",
    "<a@>",
    "<a>",
    "<a@[127.0.0.999]>",
    "<a@[IPv6:2001:db8:::1]>",
    "<a@[x]y>",
    "<Ann <a@example.com>>",
    "<=?utf-8?q?a?=@b>",
    "<a\0@b>",
    '<"a\r"@example.com>',
    "<a\tb@example.com>",
    "<" + "a" * 250 + "@example.com>",
    "",
    " ",
]


@pytest.mark.parametrize("path", GOOD)
def test_a_path_of_the_grammar_is_taken_as_written(path: str) -> None:
    assert mail(f"FROM:<{path}>") == Mail(path)
    assert rcpt(f"TO:<{path}>") == path


@pytest.mark.parametrize("path", BAD)
def test_any_other_path_is_malformed(path: str) -> None:
    assert mail(f"FROM:{path}") is replies.MALFORMED_ADDRESS
    assert rcpt(f"TO:{path}") is replies.MALFORMED_ADDRESS


def test_the_null_path_sends_but_receives_nothing() -> None:
    assert mail("FROM:<>") == Mail("")
    assert rcpt("TO:<>") is replies.MALFORMED_ADDRESS


def test_postmaster_needs_no_domain() -> None:
    assert rcpt("TO:<PostMaster>") == "PostMaster"
    assert mail("FROM:<postmaster>") is replies.MALFORMED_ADDRESS


def test_a_source_route_is_ignored_in_the_sender_and_refused_in_the_recipient() -> None:
    assert mail("FROM:<@a.example,@b.example:x@c.example>") == Mail("x@c.example")
    assert rcpt("TO:<@bcc.example:x@elsewhere.example>") is replies.RELAYING_DENIED


def test_keywords_have_no_case_and_blanks_before_the_path_are_common() -> None:
    assert mail("from: <a@example.com> size=7") == Mail("a@example.com", 7)
    assert rcpt("To:  <a@example.com>") == "a@example.com"


@pytest.mark.parametrize("argument", ["", "<a@example.com>", "FROM", "TO:<a@example.com>", "FROM :<a@example.com>"])
def test_mail_needs_its_keyword(argument: str) -> None:
    assert mail(argument) is replies.ARGUMENT


def test_beyond_ascii_only_with_smtputf8() -> None:
    path = "zoë@bücher.example"
    assert mail(f"FROM:<{path}> SMTPUTF8") == Mail(path, 0, utf8=True)
    assert mail(f"FROM:<{path}>") is replies.MALFORMED_ADDRESS
    assert rcpt(f"TO:<{path}>", utf8=True) == path
    assert rcpt(f"TO:<{path}>") is replies.MALFORMED_ADDRESS


@pytest.mark.parametrize("letter", ["\udcff", "\x85", "\x7f", "\x00"])
def test_bytes_that_are_no_utf8_and_controls_are_malformed_even_with_smtputf8(letter: str) -> None:
    assert mail(f"FROM:<a{letter}@example.com> SMTPUTF8") is replies.MALFORMED_ADDRESS
    assert mail(f"FROM:<a@ex{letter}ample.com> SMTPUTF8") is replies.MALFORMED_ADDRESS


def test_the_length_of_a_path_counts_bytes() -> None:
    fits, long = "é" * 121 + "@example.com", "é" * 122 + "@example.com"
    assert mail(f"FROM:<{fits}> SMTPUTF8") == Mail(fits, 0, utf8=True)
    assert mail(f"FROM:<{long}> SMTPUTF8") is replies.MALFORMED_ADDRESS


@pytest.mark.parametrize(
    "parameters",
    ["AUTH=<>", "RET=HDRS ENVID=x", "BODY=8BITMIME", "BODY=7bit", "ret=full auth=a+3Db", "SIZE=0", " "],
)
def test_parameters_of_real_senders_are_taken(parameters: str) -> None:
    assert mail(f"FROM:<a@example.com> {parameters}") == Mail("a@example.com")


@pytest.mark.parametrize(
    ("parameters", "reply"),
    [
        ("SIZE=²", replies.ARGUMENT),
        ("SIZE=-1", replies.ARGUMENT),
        ("SIZE=", replies.ARGUMENT),
        ("SIZE", replies.ARGUMENT),
        ("SIZE=" + "9" * 21, replies.ARGUMENT),
        ("SIZE=1 SIZE=1", replies.ARGUMENT),
        ("SIZE=1 size=2", replies.ARGUMENT),
        ("SMTPUTF8=1", replies.ARGUMENT),
        ("ſmtputf8", replies.ARGUMENT),
        ("RET", replies.ARGUMENT),
        ("=x", replies.ARGUMENT),
        ("A=b=c", replies.ARGUMENT),
        ("FOO=1", replies.PARAMETER),
        ("BODY=BINARYMIME", replies.PARAMETER),
        ("REQUIRETLS", replies.PARAMETER),
        ("NOTIFY=NEVER", replies.PARAMETER),
    ],
)
def test_other_parameters_of_mail_are_refused(parameters: str, reply: Reply) -> None:
    assert mail(f"FROM:<a@example.com> {parameters}") is reply


def test_parameters_of_rcpt() -> None:
    assert rcpt("TO:<a@example.com> NOTIFY=NEVER ORCPT=rfc822;x@y.example") == "a@example.com"
    assert rcpt("TO:<a@example.com> NOTIFY=NEVER NOTIFY=DELAY") is replies.ARGUMENT
    assert rcpt("TO:<a@example.com> NOTIFY") is replies.ARGUMENT
    assert rcpt("TO:<a@example.com> SIZE=1") is replies.PARAMETER


def test_a_parameter_stands_behind_a_blank() -> None:
    assert mail("FROM:<a@example.com>SIZE=1") is replies.ARGUMENT
    assert rcpt("TO:<a@example.com>x") is replies.ARGUMENT


def test_without_ehlo_there_are_no_parameters() -> None:
    assert paths.mail("FROM:<a@example.com>", extended=False) == Mail("a@example.com")
    assert paths.mail("FROM:<a@example.com> SIZE=1", extended=False) is replies.ARGUMENT
    assert paths.rcpt("TO:<a@example.com> NOTIFY=NEVER", extended=False, utf8=False) is replies.ARGUMENT


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    assert isinstance(mail("FROM:" + text), Mail | Reply)
    assert isinstance(rcpt("TO:" + text, utf8=True), str | Reply)


@pytest.mark.parametrize("unit", ["a", "a.", "a-", '"', "\\", "[", "@", "<", "@a,", "é", "é.", "=", " A"])
def test_the_time_is_linear_in_the_line(unit: str) -> None:
    line = "FROM:<" + unit * (2000 // len(unit))
    with bounded():
        for _ in range(20):
            mail(line)
            mail(line + "@")
            mail('FROM:<"' + unit * 1000)
            mail("FROM:<a@example.com> " + line)

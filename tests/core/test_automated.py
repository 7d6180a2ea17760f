"""Mail that no person wrote, and what only looks like it."""

import pytest

from gateway.core import automated, message


def classify(
    *lines: str,
    null_path: bool = False,
    own_list: bool = False,
    author_is_user: bool = False,
    answers_ours: bool = False,
) -> str | None:
    found = message.read("\r\n".join([*lines, "", "hello"]).encode())
    return automated.classify(
        found, null_path=null_path, own_list=own_list, author_is_user=author_is_user, answers_ours=answers_ours
    )


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Auto-Submitted: auto-replied (vacation)", "auto_reply"),
        ("Auto-Submitted: auto-generated", "generated"),
        ("Auto-Submitted: auto-notified; owner-email=a@example.com", "generated"),
        ("Auto-Submitted: auto-forwarded", None),
        ("Auto-Submitted: No", None),
        ("X-Autoreply: yes", "auto_reply"),
        ("X-Autoreply: no", None),
        ("X-Auto-Reply: false", None),
        ("Precedence: auto_reply", "auto_reply"),
        ("X-POST-MessageClass: 9; Autoresponder", "auto_reply"),
        ("X-Apple-Action: VACATION", "auto_reply"),
        ("X-Auto-Response-Suppress: All", None),
        ("List-Id: <list.example.com>", "list"),
        ("Mailing-List: contact list@example.com", "list"),
        ("Precedence: list", "list"),
        ("List-Unsubscribe: <https://example.com>", "bulk"),
        ("Precedence: bulk", "bulk"),
        ("Precedence: first-class", None),
        ("Feedback-ID: 1:2:3", "bulk"),
        ("X-Loop: other", None),
        ("Content-Type: text/calendar", None),
        ("From: noreply@example.com", None),
    ],
)
def test_one_field_alone(line: str, kind: str | None) -> None:
    assert classify(line) == kind


def test_suppression_counts_with_the_inbox_rule_mark_and_without_a_redirect() -> None:
    marks = ["X-Auto-Response-Suppress: DR, All", "X-MS-Exchange-Inbox-Rules-Loop: a@example.com"]
    assert classify(*marks) == "auto_reply"
    assert classify(*marks, "Resent-From: a@example.com") is None


@pytest.mark.parametrize(
    "subject", ["Automatic reply: offer", "Out of Office", "=?utf-8?q?R=C3=A9ponse_automatique?= : x", "自動応答: x"]
)
def test_an_auto_reply_subject_needs_a_second_sign(subject: str) -> None:
    line = f"Subject: {subject}"
    assert classify(line) is None
    assert classify(line, null_path=True) == "auto_reply"
    assert classify(line, "X-Auto-Response-Suppress: OOF") == "auto_reply"
    assert classify(line, "Precedence: junk") == "auto_reply"


def test_a_reply_to_an_auto_reply_is_by_a_person() -> None:
    assert classify("Subject: Re: Automatic reply: offer", "X-Auto-Response-Suppress: OOF") is None


def test_mail_through_our_own_group_is_neither_list_nor_bulk() -> None:
    lines = ["List-Id: <sales.example.com>", "Precedence: list", "List-Unsubscribe: <mailto:x@example.com>"]
    assert classify(*lines) == "list"
    assert classify(*lines, own_list=True) is None
    assert classify(*lines, "Auto-Submitted: auto-replied", own_list=True) == "auto_reply"


def test_bulk_marks_do_not_count_on_a_users_mail_nor_on_an_answer_to_ours() -> None:
    lines = ["List-Unsubscribe: <https://example.com>", "Precedence: bulk"]
    assert classify(*lines, author_is_user=True) is None
    assert classify(*lines, answers_ours=True) is None
    assert classify("List-Id: <l.example.com>", *lines, answers_ours=True) == "list"

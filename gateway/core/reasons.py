"""The catalogue of reasons, flags and attribution rules: each slug with its one sentence."""

from __future__ import annotations

from gateway.core.model import Finding

REASONS: dict[str, str] = {
    "explicit.bcc": "A user asked for this copy by Bcc.",
    "explicit.forward": "A user forwarded this message.",
    "thread.logged": "It belongs to a thread that is already logged.",
    "rule.log_all": "The account logs all mail with existing contacts.",
    "rule.log_all_and_create": "The account logs all mail and creates the contacts it needs.",
    "dedupe.upgraded": "An earlier copy was skipped; a user has now asked for the message.",
    "dedupe.retry": "The same bytes and envelope came before; the first decision stands.",
    "dedupe.merged": "Another copy of a logged message; what it adds was added.",
    "never_log.address": "The never-log list names an address that takes part.",
    "never_log.domain": "The never-log list names the domain of an address that takes part.",
    "never_log.subdomain": "The never-log list names a domain above that of an address that takes part.",
    "automated.dsn": "It is a delivery status notification.",
    "automated.bounce": "It is a bounce.",
    "automated.mdn": "It is a read receipt.",
    "automated.feedback_report": "It is a feedback or abuse report.",
    "automated.auto_reply": "It is an automatic reply.",
    "automated.generated": "A program generated it.",
    "automated.list": "It came through a mailing list.",
    "automated.bulk": "It is bulk mail.",
    "automated.loop": "It has passed through this gateway before.",
    "participants.internal_only": "Nobody outside the company takes part.",
    "participants.no_user": "Neither its author nor a recipient is a user.",
    "participants.unparsable": "An address in it can't be read with certainty.",
    "rule.replies_only": "The account logs replies only, and its thread isn't logged.",
    "rule.unknown_contact": "Nobody in it is a contact, and the logging rule creates none.",
    "thread.subject_changed": "It answers a logged thread under another subject, which the account doesn't accept.",
    "sender.not_permitted": "The user it concerns may not log mail.",
    "sender.unknown": "Its author is nobody's user.",
    "sender.unverified": "Nothing proves that its author sent it.",
    "sender.spf_only": "Only SPF speaks for its sender, which the account doesn't take as proof.",
    "held.discarded": "A person discarded it.",
    "held.expired": "Nobody resolved it in time.",
    "forward.not_found": "No forwarded message was found in it.",
    "forward.ambiguous": "It may hold a forwarded message, but not with certainty.",
    "forward.is_reply": "It is a reply, not a forward.",
    "journal.untrusted_peer": "It looks like a journal report, from a source that may not journal.",
    "journal.malformed": "It came to a journal address and is no well-formed journal report.",
    "unwrap.too_deep": "It is wrapped too many times.",
    "operator.mail": "It is addressed to the operator of this host.",
    "smtp.unknown_recipient": "No such capture address.",
    "smtp.peer_denied": "This client may not send to that address.",
    "smtp.too_large": "The message is larger than the limit.",
    "smtp.malformed": "The message breaks the format of mail.",
    "smtp.routing_loop": "The message has passed too many servers.",
    "smtp.store_unavailable": "The database can't take the message now.",
    "smtp.dns_unavailable": "DNS can't answer now.",
    "smtp.busy": "Too much at once.",
}

FLAGS: dict[str, str] = {
    "gateway.exposed": "A capture address stands in a visible field; it should be rotated.",
    "dedupe.conflict": "Its Message-ID was used before by a different message.",
    "dedupe.variant": "The copies differ in subject tag, footer or attachments.",
    "thread.unknown_author": "Its author is new to the thread.",
    "date.assumed": "Its date or zone can't be read; that of the forward or of the arrival was taken.",
    "forward.claimed": "Its author is known from the forwarder only.",
    "bcc.hidden": "A recipient was in Bcc.",
    "participants.truncated": "It has more participants than are stored.",
    "sender.unverified": "Nothing proves that its author sent it.",
    "attribution.none": "No user could be named.",
}

ATTRIBUTION: dict[str, str] = {
    "attribution.author": "The user who wrote it.",
    "attribution.on_behalf": "The user who sent it on behalf of the author.",
    "attribution.forwarder": "The user who forwarded it.",
    "attribution.single_recipient": "Rule 1: the only recipient.",
    "attribution.single_user": "Rule 2: the only user among the recipients.",
    "attribution.contact_owner": "Rule 3: the owner of the contact.",
    "attribution.thread_user": "The addressed user who takes part in the thread.",
    "attribution.latest_activity": "The user of the latest activity with the contact.",
    "attribution.first_to": "The first user in To.",
    "attribution.first_cc": "The first user in Cc.",
    "attribution.none": "No user could be named.",
}


FINDINGS: dict[str, str] = {
    "addressing.known": "The recipient is a capture address of the account.",
    "duplicate_header": "A header field that may stand once stands several times; the first counts.",
    "header.block": "The header is larger than the limit.",
    "header.fields": "The header has more fields than the limit.",
    "header.field": "A header field is longer than the limit.",
    "header.received": "It has passed more servers than the limit.",
    "header.from_duplicate": "From stands more than once.",
    "header.stray_line": "A line of the header is no field.",
    "header.blank_before_colon": "A header field has a blank before its colon.",
    "header.no_blank_line": "No blank line ends the header.",
    "header.nul": "The header holds a NUL.",
    "author.ambiguous": "From names two addresses where one is meant, so nothing proves either.",
    "body.unparsed": "The body's structure is broken or too large; only the header was read.",
    "body.protected": "Its text is protected and no clear copy came along, so only its header can be read.",
    "bytes.repaired": "Bare line ends or NULs were repaired before anything was read.",
    "unwrap.inline_forward": "A forwarded message was found in its text.",
    "unwrap.attached_forward": "It forwards a message as an attachment.",
    "unwrap.journal": "It is a journal report with the message attached.",
    "journal.id_differs": "It is a journal report with a message attached that has another id than the report tells.",
    "unwrap.redirect": "Its recipient sent it on unchanged.",
    "unwrap.automatic": "A mailbox forwarded it by itself: decided as a passive copy.",
    "participants.read": "The address fields were read.",
    "participants.delivered": "The address fields were read, and to whom its mail server delivered it.",
    "reports.none": "It is no bounce, receipt or report.",
    "automated.none": "Nothing says that a program sent it.",
    "automated.allowed": "The account lets this class of automated mail through.",
    "sender.proven": "The author is proven.",
    "sender.forwarder": "The user who forwards it is proven.",
    "sender.believed": "The account takes the author at his word.",
    "sender.contradicted": "Nothing proves its author, and his domain says that such mail isn't its own.",
    "sender.answers_all": "A proven contact answered to all, the capture address too: decided as a passive copy.",
    "never_log.clear": "Nobody on the never-log list takes part.",
    "never_log.passed_over": "Listed participants are passed over; the others remain.",
    "never_log.barred": "Another copy of it names somebody on the never-log list who keeps the whole message out.",
    "never_log.withdrawn": "Copies that don't show the listed person had been logged: that activity is withdrawn.",
    "never_log.personal": "A user's own entry names a participant; it is judged for the other users.",
    "dedupe.new": "No copy of it is known.",
    "dedupe.again": "A copy of it was skipped before; this one is decided on its own.",
    "thread.joined": "It belongs to a known thread.",
    "thread.new": "It starts a thread, or its thread isn't known.",
    "thread.hint": "It starts a thread; Outlook's conversation index, which proves nothing, hints at a known one.",
    "thread.guarded": "Its ids lead to a thread in which its author takes no part, so that thread doesn't count.",
    "thread.isolated": "It passes a thread on to outsiders, so it stands apart from that thread.",
    "contacts.chosen": "The records it is written on.",
    "delivery_failed": "Deliveries of a logged message failed.",
}


def sentence(slug: str) -> str:
    """The sentence of a slug; KeyError for one that is not in the catalogue."""
    slug = "duplicate_header" if slug.startswith("duplicate_header.") else slug
    for catalogue in (REASONS, FLAGS, ATTRIBUTION, FINDINGS):
        if slug in catalogue:
            return catalogue[slug]
    raise KeyError(slug)


def finding(stage: str, slug: str, evidence: str = "") -> Finding:
    """A finding with the sentence of its slug."""
    return Finding(stage, slug, sentence(slug), evidence)

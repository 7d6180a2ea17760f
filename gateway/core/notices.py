"""What mail programs say when a message could not be delivered: who speaks, the subject, the words, by language.

The words are `[practice]`: each stands for itself in mail by people too, so that none proves anything alone.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache

from gateway.core import addresses, encoded_words, subjects


class Speaker(Enum):
    """What the From field tells about its author."""

    DAEMON = "daemon"
    """A mail system and nobody else."""
    MAILER = "mailer"
    """An address or name that mail systems use, and now and then the person who looks after one."""
    ROLE = "role"
    """An address that programs of every kind use."""
    NOBODY = "nobody"
    PERSON = "person"


def folded(text: str) -> str:
    """Compatibility forms and case removed, blanks collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


_DAEMONS = ("mailerdaemon", "maildaemon", "maildeliverysystem", "maildeliverysubsystem")
_MAILERS = ("postmaster", "mdaemon", "mailsweeper", "majordom", "listserv", "imss")
_MAILER_NAMES = re.compile(
    r"mail(?:er)? ?deliver|\Adelivery (?:sub)?system\Z|mail(?:er)?[ -]?(?:system|server|router|daemon|gateway)\b"
    r"|mail admin"
    r"|system ?administrator|postmaster|microsoft (?:outlook|exchange)|interscan|mailmarshal|\bndr\b"
    r"|administrat(?:eur|or) (?:système|systému|systemu)|administrador d[eo]l? sistema"
    r"|amministratore (?:di |del )?sistema|системный администратор|systembeheerder|systemadministratör"
    r"|järjestelmänvalvoja|システム管理者|メール(?:配信|システム|サーバ)|系统管理员|系統管理員|邮件系统|郵件系統"
    r"|시스템 관리자"
)
_ROLES = ("noreply", "donotreply", "sysadmin", "sysop", "admin", "mailadmin", "root", "daemon", "mail", "bounce", "mta")
_OWNER = re.compile(r"owner-.|.-(?:owner|admin|request)\Z")
_SEPARATORS = re.compile(r"[._-]+")
_NO_LETTER = re.compile(r"[^a-z0-9]+")

# Tables of alternatives, one or more a line; they are folded, so that a class of letters such as \\S would change.
_SUBJECTS = """
    undeliver|un-deliver|non-?deliver|not delivered|failure (?:notice|notification|delivery)|failed (?:delivery|mail)
    delivery (?:status|failure|failed|has failed|notification|report|problem|error|delay|unsuccessful|incomplete)
    (?:e-?)?mail delivery|message delivery|delayed (?:mail|delivery|message)|permanent delivery failure
    (?:(?:e-?)?mail|message) (?:was |is |has been )?(?:return|reject|bounce|delay|block|undeliver|not )|message you sent
    (?:e-?)?mail (?:failure|error|system error|status)|message (?:status|frozen|[^ ]{1,40} has been frozen)
    (?:your |the )?(?:(?:e-?)?mail|message) (?:could|can ?not|was not|has not|wasn.t|to [^ ]{1,80} (?:could|was))
    (?:sorry, )?your (?:message|e-?mail) (?:could|was not|has not|cannot)|there was an error sending your mail
    return(?:ed|ing)? (?:e-?)?mail|return(?:ed)? to sender|rejected (?:mail|message)|bounced?(?: (?:mail|message|not)|:)
    (?:could not|cannot|unable to|failed to) (?:deliver|send)|(?:user|recipient|mailbox|address) unknown|unknown user
    notice: mail delivery|warning: (?:delayed|could not|message|mail)|warning-+ ?(?:could|delayed)|postmaster notify
    bounce [^ ]{1,80}@[^ ]{1,80}:|(?:not member|error mail) article from

    unzustellbar|nicht (?:zustellbar|zugestellt)|(?:ihre |die )?(?:nachricht|(?:e-?)?mail) (?:unzustellbar|nicht)
    (?:ihre |die )?(?:nachricht|(?:e-?)?mail) (?:konnte|wurde) nicht|(?:fehler|problem).{0,20} zustellung|mailzustellung
    zustell(?:ung|fehler|bericht)|übermittlungs(?:fehler|status)|benachrichtigung .{1,8} (?:übermittlung|zustell)
    rückläufer|nicht ausgeliefert

    onbestelbaar|niet (?:bestelbaar|bezorgd|afgeleverd)|kan niet worden bezorgd|(?:bezorging|aflevering) mislukt
    melding van afleverstatus|bericht niet
    går inte att leverera|(?:kunde|kan) inte levereras|olevererbart|leveransfel|(?:kan|kunne) ikke leveres
    ikke (?:leveret|levert|afleveret)|leveringsfe|ei voi(?:da|tu)? toimittaa|toimitus epäonnistui|toimittamat

    non[ -]?(?:remis|délivr|distribu)|(?:message|courrier|e-?mail) non|échec (?:de|d')|(?:avis|rapport) de non
    (?:notification|rapport) d.{1,6}état|erreur (?:de remise|d'envoi)|retour de courrier|impossible de remettre

    no se (?:puede|pudo) entregar|no entreg|(?:mensaje|correo) (?:no entreg|devuelto)|imposible entregar|devolución
    (?:error|fallo) (?:de|en la) entrega|(?:notificación|aviso) (?:de|del) (?:estado|no entrega)|entrega fallida

    não (?:é|foi) possível entregar|não entreg|(?:mensagem|e-?mail) (?:não|devolvid)|falha (?:na|de|ao) entreg
    erro na entrega|notificação (?:de|do) (?:status|estado)

    mancat[oa] (?:recapito|consegna)|recapito non|messaggio non|non (?:recapitabil|consegnat)|avviso di mancata
    impossibile (?:recapitare|consegnare)|notifica (?:sullo|di) (?:stato|manc)|errore di (?:consegna|recapito)
    nelivrabil|mesaj nelivrat|nu se poate livra|imposibil de livrat

    niedostarcz|nie (?:można|udało się) dostarczyć|nie dostarczono|powiadomienie o (?:stanie|niedostarcz)
    błąd dostarcz|zwrot (?:poczty|wiadomości)|nedoruč|nelze doručit|oznámení o (?:stavu|nedoru)
    kézbesít|nem kézbesít|sikertelen kézbesít|teslim edil|iletilemedi
    αδύνατη η παράδοση|δεν είναι δυνατή η παράδοση|αποτυχία παράδοσης

    (?:ваше )?(?:сообщение|письмо|почта) не|не ?доставлен|недостав[кл]|недоставим|не уда(?:лось|ется|ётся) доставить
    ошибка доставки|возвра(?:т|щ)|уведомление о (?:состоянии|недостав)|невозможно доставить
    не вдалося доставити|помилка доставки|неможливо доставити|не може да бъде доставено|недоставен
    לא ניתן למסירה|غير قابل للتسليم|ไม่สามารถส่งได้
"""
_SUBJECTS_ANYWHERE = """
    配[信送達]不能|配[信送]できません|配信(?:失敗|エラー|状[況態])|配送(?:エラー|状[況態])|送信(?:エラー|失敗|できません)
    メールエラー|メールを送信でき|宛先不明|未配信|配信されません|不達|エラーメール|送達不能|リターンメール
    退信|退回|[无無]法(?:投递|投遞|送达|送達|传递|傳遞|遞送)|未[送传傳][达達递遞]|(?:传递|傳遞|投递)[状狀][态態]
    (?:投递|投遞|发送|傳送|传送|传递)失[败敗]
    배달되지|배달할 수|(?:전송|발송|배달) ?실패|배달 상태|반송|전달되지
"""
_WORDS = """
    (?:could|can|was|were|has|have|had)(?: ?not|n.t) (?:yet )?(?:been |be )?(?:deliver|sent|reach|send|accept|process)
    not (?:been |able to (?:be )?)?deliver|wasn.t able to deliver|unable to (?:deliver|send|be deliver)|couldn.t be
    undeliver|non-deliver|(?:fail(?:ed|ure)|error|trouble|problem|attempt)s? .{0,30}deliver|did not reach
    del(?:i|e)very (?:to|of) .{0,60}(?:fail|abort|delay|impossible)|permanent(?:ly)? (?:fatal )?(?:error|fail)
    delivery (?:has )?(?:fail|been delayed|error|failure|problem)|had delivery problems|transient non-fatal
    transcript of session|unsent message|return(?:ed|ing) .{0,30}(?:sender|mail|message)|message .{0,30}returned
    reject(?:ed|s) (?:your|by|the)|(?:has been|was) (?:rejected|blocked)|invalid (?:user|recipient|address)
    (?:user|recipient|address|mailbox) (?:unknown|not found|unavailable|is full|full|is over|disabled)
    unknown (?:user|recipient)|no such (?:user|recipient|mailbox|person)|no valid recipient|does not exist
    fail(?:ure reasons|ed recipients|ed addresses)|mail delivery (?:software|agent|system|subsystem)|qmail-send
    error sending|could not send|will be retried

    nicht (?:zugestellt|zustellbar|übermittelt|gesendet|erreicht)|unzustellbar
    zustellung .{0,40}(?:fehl|nicht|gescheitert)|niet (?:worden )?(?:bezorgd|afgeleverd)
    (?:kunde|kan|kunne) (?:inte|ikke) leveres|ei voi(?:tu|da) toimittaa
    non (?:remis|distribu|délivr|recapitat|consegnat)|échec de (?:la )?(?:remise|distribution|livraison)
    pas (?:pu )?être (?:remis|distribu|délivr|envoy|achemin)|n.a pas (?:pu|été)
    no (?:se )?(?:pudo|puede|ha podido) (?:ser )?(?:entreg|envi)|no entreg
    impossibile (?:recapitare|consegnare)|non è stato possibile|não (?:pôde|foi|pode)(?: ser| possível)? entreg|falha
    nie (?:można|mogła|udało|dostarcz)|nelze doručit|nedoručen|nem (?:sikerült|lehetett)|teslim edil|iletilemedi
    не (?:был[оа]? |может быть )?доставлен|не уда(?:лось|ется|ётся)|невозможно доставить|не вдалося
    配[信送達](?:でき|不能|に失敗|され)|送信(?:でき|に?失敗|は失敗)|お届けできません|メールボックス|存在しません|宛先
    无法|無法|失败|失敗|退回|未能|배달|전송|수신자
"""


def _any(table: str) -> re.Pattern[str]:
    """Any of the alternatives that stand in the lines of this table."""
    return re.compile("|".join(folded(line) for line in table.split("\n") if line.strip()))


_NOTICE = _any(_SUBJECTS)
_NOTICE_ANYWHERE = _any(_SUBJECTS_ANYWHERE)
_TAG = re.compile(r"\W{0,9}\[[^\]]{0,40}\]\W{0,9}")
_DELAY = re.compile(
    r"\W{0,9}(?:warning\b|delay|delivery delay|(?:e-?mail|message)(?: delivery)? (?:is |was |has been )?delay|temporar"
    r"|delivery status notification\W{1,3}(?:mail delivery )?delay|verzögert|zustellung verzögert|retard|retraso"
    r"|ritardo|atraso|vertraagd|задержка|配[信送]遅延|延迟|延遲)"
)
_RETRIED = re.compile(
    r"this is a warning message only|(?:has|have) not yet been delivered|delivery attempts will continue"
    r"|(?:delivery|message) (?:has been|is) delayed|you do not need to resend"
)

_FAILURE = _any(_WORDS)
_REPLY_CODE = re.compile(r"(?m)(?:^|[:;>(=])[ \t\"'<]{0,20}[45]\d\d[ \t-]|\b[45]\.\d{1,2}\.\d{1,3}\b")
_COPY = re.compile(
    r"(?:original|returned|unsent|undelivered) (?:message|mail)(?: header| info)?s? ?(?:follow|is follow|[-:])"
    r"|(?:below|this|included) .{0,20}is a copy of|headers? (?:of .{1,30} )?follow"
)
_STATUS_FIELD = re.compile(r"(?mi)^(?:reporting-mta|final-recipient|original-recipient|diagnostic-code):")
_SALUTATION = re.compile(
    r"\W{0,9}(?:hi|hello|hey|dear|hallo|liebe[r]?|bonjour|hola|ciao|guten tag|moin)"
    r"(?! (?:user|sender|customer|sir|this))[ ,][\w .-]{1,30}[,!:.]?[ \t]*\n"
)
_QUOTED = re.compile(r"(?m)^[ \t]{0,3}>(?!>>)")
_HEAD = 4000
_SUBJECT = 300


@lru_cache(maxsize=256)
def speaker(value: str) -> Speaker:
    """Who speaks in this value of a From field; NOBODY where it is empty or holds an empty address alone."""
    mailboxes = addresses.read(value).mailboxes
    if not mailboxes:
        return Speaker.NOBODY
    local, name = mailboxes[0].canonical.rpartition("@")[0], folded(mailboxes[0].name[:_SUBJECT])
    squeezed = _NO_LETTER.sub("", local)
    if squeezed.startswith(_DAEMONS) or local == "post_master":  # a phone company's
        return Speaker.DAEMON
    if not local:
        return _unaddressed(name)
    words = _SEPARATORS.sub(" ", local)
    if (
        squeezed.startswith(_MAILERS)
        or "smtp" in words.split()
        or _MAILER_NAMES.search(words)
        or _MAILER_NAMES.search(name)
    ):
        return Speaker.MAILER
    role = squeezed in _ROLES or squeezed.startswith(_ROLES[:2]) or _OWNER.search(local)
    return Speaker.ROLE if role else Speaker.PERSON


def _unaddressed(name: str) -> Speaker:
    """The speaker where there is a name alone, as mail systems write into mail that never leaves them."""
    if not name:
        return Speaker.NOBODY
    if _DAEMONS[0] in _NO_LETTER.sub("", name):
        return Speaker.DAEMON
    return Speaker.MAILER if _MAILER_NAMES.search(name) else Speaker.PERSON


def plain(value: str) -> str:
    """The value of a Subject field, decoded and folded; only its beginning."""
    return folded(encoded_words.decode(value[: 8 * _SUBJECT]))[:_SUBJECT]


def announced(plain: str) -> bool:
    """Whether this plain subject begins as that of a bounce. People quote it behind a prefix."""
    if plain.startswith("[bounce]"):  # before a subject that may be a reply
        return True
    if subjects.has_reply_prefix(plain) or subjects.has_forward_prefix(plain):
        return False
    bare = plain.lstrip("*[(<\"'!-=#【 ")
    untagged = _TAG.match(plain)
    return bool(
        _NOTICE.match(bare) or (untagged and _NOTICE.match(plain, untagged.end())) or _NOTICE_ANYWHERE.search(plain)
    )


def delayed(plain: str, text: str) -> bool:
    """Whether a bounce with this plain subject and this text says that delivery goes on."""
    return bool(_DELAY.match(plain) or _RETRIED.search(folded(unquoted(text))))


def told(text: str) -> bool:
    """Whether the text begins with the words of a failed delivery; what is quoted in it doesn't count."""
    return bool(_FAILURE.search(folded(unquoted(text))))


def technical(text: str) -> bool:
    """Whether the text gives an SMTP reply, a delivery status or a copy of the message, as programs print them."""
    head = unquoted(text)
    return bool(_REPLY_CODE.search(head) or _STATUS_FIELD.search(head) or _COPY.search(folded(head)))


def greets(text: str) -> bool:
    """Whether the text begins with a greeting on a line of its own, as a letter does."""
    return bool(_SALUTATION.match(text[:_HEAD].casefold()))


def unquoted(text: str) -> str:
    """The beginning of the text up to the first line that is quoted."""
    head = text[:_HEAD]
    quoted = _QUOTED.search(head)
    return head[: quoted.start()] if quoted else head

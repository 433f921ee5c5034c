"""How are things named? Checked string types whose values are safe in a topic and in a path."""

import hashlib
import re
import secrets
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from broker.errors import CairnError

LEVEL_PATTERN = r"[a-z0-9][a-z0-9-]{0,62}"
RIG_PREFIX = "rig-"
DIGEST_LENGTH = 16
PAGE_DIGEST_LENGTH = 32
SEQUENCE_LIMIT = 1_000_000
SESSION_NAME_LENGTH = 30  # of a rig's name, in the sessions of its images
MAX_NAME_BYTES = 200
_SESSION_LENGTH = 39
_SESSION_WITHOUT_LETTERS = "photograph"  # of a name such as `写真.jpg`

# What a name may not carry, as escapes that Python and JavaScript read alike: separators and wildcards of topics;
# control signs; signs that are invisible or turn the direction of a line; surrogates and noncharacters. Joiners (U+200C,
# U+200D) are allowed: Persian words and many emoji need them.
_BAD_SIGNS = (
    r"/+#\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + f"{chr(0xE0000)}-{chr(0xE007F)}"
)


class BadIdError(CairnError):
    """A name that may not enter a topic or a path."""

    code = "bad_id"
    remedy = "Use lower-case letters, digits and hyphens, at most 63 signs."


class TopicLevel(str):
    """One topic level: lower-case letters, digits and hyphens, 1 to 63 signs, no hyphen first."""

    __slots__ = ()
    pattern: ClassVar[str] = LEVEL_PATTERN
    max_bytes: ClassVar[int] = 64
    advice: ClassVar[str] = "use 1 to 63 lower-case letters, digits and hyphens, and begin with a letter or digit"

    def __new__(cls, value: str) -> Self:
        is_fit = isinstance(value, str) and re.fullmatch(cls.pattern, value, re.ASCII) is not None
        if not is_fit or len(value.encode()) > cls.max_bytes:
            raise BadIdError(f"{str(value)[:80]!r} is not a valid {cls.__name__}: {cls.advice}")
        return super().__new__(cls, value)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls._from_wire,
            core_schema.str_schema(max_length=cls.max_bytes),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^(?:{cls.pattern})$"}

    @classmethod
    def _from_wire(cls, value: str) -> Self:
        try:
            return cls(value)
        except BadIdError as exc:  # pydantic collects ValueErrors
            raise ValueError(exc.sentence) from exc


class ProjectId(TopicLevel):
    """One heritage object or site being captured."""

    __slots__ = ()


class SenderId(TopicLevel):
    """Who published an image: an agent (`rig-…`) or a person with a browser."""

    __slots__ = ()


class AgentId(SenderId):
    """One edge capture program on a rig; always `rig-…`, so that no person can bear its name."""

    __slots__ = ()
    pattern = rf"{RIG_PREFIX}[a-z0-9][a-z0-9-]{{0,58}}"
    advice = f"an agent's name begins with {RIG_PREFIX!r}, for example 'rig-north'"


class UserId(TopicLevel):
    """A person, or a program that acts for people (viewer, ops); never `rig-…`."""

    __slots__ = ()
    pattern = rf"(?!{RIG_PREFIX}){LEVEL_PATTERN}"
    advice = f"a person's name must not begin with {RIG_PREFIX!r}; lower-case letters, digits and hyphens"


class ConnectionId(TopicLevel):
    """One connection of a user: two tabs of one person are two connections."""

    __slots__ = ()


class AnnotationId(TopicLevel):
    """One measure or note, among those of its author."""

    __slots__ = ()


class RequestId(TopicLevel):
    """Pairs a request or command with its answer."""

    __slots__ = ()


class ImageName(TopicLevel):
    """The last level of an image topic: a full `ImageId`, or a label such as the name that a camera gave its file."""

    __slots__ = ()
    # These four are channels of their own below `receipt/`.
    pattern = rf"(?!(?:missing|flow|wanted|refused)$)[^{_BAD_SIGNS}]{{1,{MAX_NAME_BYTES}}}"
    max_bytes = MAX_NAME_BYTES
    advice = (
        f"use 1 to {MAX_NAME_BYTES} bytes of UTF-8 without '/', '+', '#', control signs and invisible signs; "
        "'missing', 'flow', 'wanted' and 'refused' are reserved"
    )

    @classmethod
    def shown(cls, text: str) -> str:
        """Any text with a question mark for each sign that no name may carry; only `/` stays."""
        return re.sub(f"[{_BAD_SIGNS.removeprefix('/')}]", "?", text)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Like every level; a limit in bytes is no keyword of JSON Schema, whose lengths count signs."""
        described = super().__get_pydantic_json_schema__(schema, handler)
        return described if cls.max_bytes == TopicLevel.max_bytes else {**described, "x-max-bytes": cls.max_bytes}


class ImageId(ImageName):
    """`{session}-{sequence:06d}-{sha256[:16]}`: sortable, gaps are visible, content-addressed."""

    __slots__ = ()
    pattern = rf"[a-z0-9][a-z0-9-]{{0,{_SESSION_LENGTH - 1}}}-[0-9]{{6}}-[0-9a-f]{{{DIGEST_LENGTH}}}"
    max_bytes = TopicLevel.max_bytes
    advice = "it is {session}-{sequence:06d}-{first 16 hex digits of the image's sha256}"

    @classmethod
    def build(cls, *, session: str, sequence: int, sha256: str) -> Self:
        """Compose an id.

        Raises:
            BadIdError: the session is not a level of at most 39 signs, or the sequence is not below one million.
        """
        if not 0 <= sequence < SEQUENCE_LIMIT:
            raise BadIdError(f"sequence {sequence} does not fit six digits: begin a new session")
        return cls(f"{session}-{sequence:06d}-{sha256[:DIGEST_LENGTH]}")

    @classmethod
    def from_name(cls, name: ImageName, sha256: str) -> Self:
        """The id of an image published under `name`: the name itself if it is an id, else one derived from the digest.

        Its session is then what ASCII can keep of the label, for people to read: `Tür 1.jpg` becomes `tur-1`. Senders
        count from 1, so a sequence of 0 tells such an image from one of a session.
        """
        if re.fullmatch(cls.pattern, name, re.ASCII):
            return cls(name)
        stem, dot, _ = name.rpartition(".")
        letters = unicodedata.normalize("NFKD", (stem if dot else name).casefold()).encode("ascii", "ignore").decode()
        session = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:_SESSION_LENGTH].rstrip("-")
        return cls.build(session=session or _SESSION_WITHOUT_LETTERS, sequence=0, sha256=sha256)

    @property
    def session(self) -> str:
        """What the sender called this run of captures."""
        return str(self)[: -(DIGEST_LENGTH + 8)]

    @property
    def sequence(self) -> int:
        """The image's place in its session, as the sender counted."""
        return int(self[-(DIGEST_LENGTH + 7) : -(DIGEST_LENGTH + 1)])

    @property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of the image's sha256."""
        return self[-DIGEST_LENGTH:]


class PageDigest(TopicLevel):
    """The first 32 hexadecimal digits of a page's sha256: a topic level holds 63 signs."""

    __slots__ = ()
    pattern = f"[0-9a-f]{{{PAGE_DIGEST_LENGTH}}}"
    advice = f"it is the first {PAGE_DIGEST_LENGTH} hex digits of the page's sha256"


class Generation(int):
    """Counter of a project's reference sets; 1 is the first."""

    __slots__ = ()
    pattern: ClassVar[str] = "[1-9][0-9]{0,8}"

    def __new__(cls, value: int | str) -> Self:
        if not re.fullmatch(cls.pattern, str(value), re.ASCII):
            raise BadIdError(f"{str(value)[:80]!r} is not a generation: count from 1")
        return super().__new__(cls, value)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.int_schema(ge=1, lt=10**9),
            serialization=core_schema.plain_serializer_function_ser_schema(int),
        )


class ShardIndex(int):
    """A shard's place in its generation, from 0."""

    __slots__ = ()
    pattern: ClassVar[str] = "0|[1-9][0-9]{0,6}"

    def __new__(cls, value: int | str) -> Self:
        if not re.fullmatch(cls.pattern, str(value), re.ASCII):
            raise BadIdError(f"{str(value)[:80]!r} is not a shard index: count from 0")
        return super().__new__(cls, value)


class Offset(int):
    """Where a piece of a resumable upload begins, in bytes."""

    __slots__ = ()
    pattern: ClassVar[str] = "0|[1-9][0-9]{0,9}"

    def __new__(cls, value: int | str) -> Self:
        if not re.fullmatch(cls.pattern, str(value), re.ASCII):
            raise BadIdError(f"{str(value)[:80]!r} is not an offset: whole bytes from 0")
        return super().__new__(cls, value)


class _Word(StrEnum):
    """A closed list of words that stand in topics and in JSON."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise BadIdError(f"{str(value)[:80]!r} is not a known {cls.__name__}: use one of {', '.join(cls)}")


class Encoding(_Word):
    """How a shard's bytes are laid out."""

    PLY = "ply"
    PACKED = "packed"


class Verb(_Word):
    """What a request asks for."""

    RESYNC = "resync"
    PING = "ping"
    PHOTOGRAPH = "photograph"
    EARLIER = "earlier"
    EXPORT = "export"
    REFETCH = "refetch"
    PAUSE = "pause"
    RESUME = "resume"


class ExportFormat(_Word):
    """As what a reconstruction is written for other programs."""

    PLY = "ply"
    LAZ = "laz"
    GLTF = "gltf"
    E57 = "e57"
    COLMAP = "colmap"
    REPORT = "report"


_ENDINGS = {
    ExportFormat.PLY: ".ply",
    ExportFormat.LAZ: ".laz",
    ExportFormat.GLTF: ".glb",
    ExportFormat.E57: ".e57",
    ExportFormat.COLMAP: "-colmap.zip",
    ExportFormat.REPORT: "-report.html",
}


class ExportName(TopicLevel):
    """The name of an exported file, for example `chapel-20261129-101500.ply`: safe in a path, and not a hidden one."""

    __slots__ = ()
    pattern = (
        rf"{LEVEL_PATTERN}-[0-9]{{8}}-[0-9]{{6}}(?:{'|'.join(each.replace('.', '[.]') for each in _ENDINGS.values())})"
    )
    max_bytes = 100
    advice = "take it from the list of the project's exports"

    @classmethod
    def of(cls, project: ProjectId, form: ExportFormat, made_at: datetime) -> Self:
        """The name of a file that is made at this instant."""
        return cls(f"{project}-{made_at.astimezone(UTC):%Y%m%d-%H%M%S}{_ENDINGS[form]}")

    @property
    def project(self) -> ProjectId:
        """The project that was exported."""
        return ProjectId(self.removesuffix(_ENDINGS[self.form])[: -len("-20261129-101500")])

    @property
    def form(self) -> ExportFormat:
        """The format that its ending tells."""
        return next(form for form, ending in _ENDINGS.items() if self.endswith(ending))


class EventType(_Word):
    """What an event tells."""

    PROCESSING_STARTED = "processing_started"
    REFETCH_STARTING = "refetch_starting"
    PROGRESS = "progress"
    SHARD_UPDATE = "shard_update"
    PROCESSING_COMPLETE = "processing_complete"
    ERROR = "error"


def fresh_client_id(program: str, name: str) -> str:
    """A client id for one connection that needs no durable session."""
    return client_id(program, name, fresh_token())


def client_id(program: str, name: str, token: str) -> str:
    """The client id of a durable session, whose token is kept in the store or spool.

    An account that knows a client id can take its session over, whatever its own rights: brokers do not compare users.
    """
    return f"{program}-{name}-{token}"


def fresh_token() -> str:
    """64 random bits."""
    return secrets.token_hex(8)


def is_session_of_rig(session: str, rig: str) -> bool:
    """Whether a session begins with the rig's name; of a long name its first 30 signs are enough."""
    head = rig[:SESSION_NAME_LENGTH]
    return f"{session}-".startswith(f"{rig}-") or (len(rig) > len(head) and session.startswith(head))


def level_of_account(name: str) -> SenderId:
    """Return an account's name as a topic level; of a name that is none, such as `rig@localhost`, one made of it."""
    if re.fullmatch(LEVEL_PATTERN, name, re.ASCII):
        return SenderId(name)
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "account"
    return SenderId(f"{readable.strip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}")

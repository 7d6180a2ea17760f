"""What is answered where something is wrong: problem details (RFC 9457), the field that is meant, nothing private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from gateway.console.access import Forbidden
from gateway.console.cursors import BadCursor
from storage.errors import NotFound, Refused, StoreError, StoreFull, StoreNoText

MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    field: str
    message: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: Sequence[Fault] = ()


DOCUMENTED: Mapping[int | str, dict[str, object]] = {
    status: {"model": Problem, "content": {MEDIA_TYPE: {}}}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 503, 507)
}


STATUSES: Mapping[int, str] = {404: "There is nothing here.", 405: "That can't be done here."}
"""What is said where no route is found."""


class Unauthorized(Exception):
    """Nobody is signed in, and no token was shown that is good for anything."""


def answered(problem: Problem) -> Response:
    """A problem as a response."""
    asks = {"WWW-Authenticate": 'Bearer realm="bcc-gateway"'} if problem.status == 401 else None
    return JSONResponse(problem.model_dump(), problem.status, asks, MEDIA_TYPE)


KINDS = (Unauthorized, Forbidden, BadCursor, StoreError, HTTPException, RequestValidationError, ValidationError)
"""What routes raise."""


def problem(error: Exception) -> Problem:
    """What is wrong, of one of `KINDS`. The hints that errors have for a command line stay out."""
    if isinstance(error, Unauthorized):
        return _problem(401, "Sign in, or show a token.")
    if isinstance(error, Forbidden):
        return _problem(403, str(error))
    if isinstance(error, BadCursor):
        fault = Fault(field="cursor", message="Take it from the part before.")
        return _problem(400, "This list has no such cursor.", fault)
    if isinstance(error, HTTPException):
        return _problem(error.status_code, STATUSES.get(error.status_code, str(error.detail)))
    if isinstance(error, RequestValidationError | ValidationError):
        behind = 1 if isinstance(error, RequestValidationError) else 0
        faults = [Fault(field=".".join(map(str, e["loc"][behind:])), message=e["msg"]) for e in error.errors()]
        return _problem(422, "Something in the request isn't right.", *faults)
    if isinstance(error, Refused):
        told = error.sentence.format(**error.values) if error.values else error.sentence
        return _problem(404 if isinstance(error, NotFound) else 409, told)
    return _problem(_OF_STORE.get(type(error), 503), error.__doc__ or "")


_OF_STORE: Mapping[type, int] = {StoreFull: 507, StoreNoText: 400}


def told(error: Exception) -> tuple[str, Mapping[str, object]]:
    """What is wrong as a sentence, with the values for its places."""
    if isinstance(error, Forbidden | Refused):
        return error.sentence, error.values
    return problem(error).detail, {}


def _problem(status: int, detail: str, *errors: Fault) -> Problem:
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors)

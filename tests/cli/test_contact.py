"""`contact`, with import and export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

Command = Callable[..., Result]
Good = Callable[..., str]
Lines = Callable[..., list[dict[str, Any]]]


def test_a_contact_comes_changes_and_goes(good: Good, lines: Lines) -> None:
    good("user", "add", "ann@us.example", "Ann")
    good("contact", "add", "bo@x.example", "bo@y.example", "--name", "Bo", "--owner", "ann@us.example")
    good("contact", "add", "rob@z.example")
    good("contact", "rename", "rob@z.example", "Rob")
    good("contact", "add-address", "rob@z.example", "rob@w.example")
    good("contact", "remove-address", "rob@z.example", "rob@w.example")
    good("contact", "set-owner", "bo@x.example")
    assert [c["owner"] for c in lines("contact", "list")] == [None, None]
    assert good("contact", "merge", "rob@z.example", "bo@x.example") == "0 activities moved to bo@x.example.\n"
    (shown,) = lines("contact", "show", "rob@z.example")
    assert shown["contact"]["addresses"] == ["bo@x.example", "bo@y.example", "rob@z.example"]
    assert shown["activities"] == 0
    good("contact", "remove", "rob@z.example")
    assert lines("contact", "list") == []


def test_a_list_is_paged_and_searched(command: Command, good: Good, lines: Lines) -> None:
    for name in ("b", "c", "d"):
        good("contact", "add", f"{name}@x.example", "--name", name.upper())
    result = command("contact", "list", "--limit", "2")
    first = lines("contact", "list", "--limit", "2")
    assert result.stderr == f"There may be more: --after {first[-1]['id']}\n"
    assert [c["name"] for c in lines("contact", "list", "--after", first[-1]["id"])] == ["D"]
    assert [c["name"] for c in lines("contact", "list", "--search", "C@x")] == ["C"]
    assert command("contact", "list", "--limit", "201").exit_code == 2


def test_an_import_tells_its_refused_lines_and_exits_with_1(command: Command, lines: Lines, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("email,name,city\nbo@x.example,Bö,Bonn\nx,\x1b[2J,\nz\xff@x.example,,\n".encode("latin-1"))
    result = command("contact", "import", str(file))
    assert (result.exit_code, result.stdout) == (1, "0 created, 0 updated, 0 unchanged, 3 refused.\n")
    file.write_bytes("email,name,city\nbo@x.example,Bö,Bonn\nx\x1b[2J,,\n".encode())
    result = command("contact", "import", str(file))
    assert (result.exit_code, result.stdout) == (1, "1 created, 0 updated, 0 unchanged, 1 refused.\n")
    assert result.stderr.splitlines() == [
        "Columns without a meaning here: city.",
        "line 3: 'x\\x1b[2J' is not an e-mail address; write it as name@example.com.",
    ]
    assert lines("contact", "list")[0]["name"] == "Bö"


def test_files_that_are_none(command: Command, tmp_path: Path) -> None:
    missing = command("contact", "import", str(tmp_path / "none.csv"))
    assert (missing.exit_code, missing.stderr) == (1, f"bcc-gateway: {tmp_path}/none.csv: No such file or directory\n")
    (tmp_path / "other.csv").write_text("name\nBo\n")
    result = command("contact", "import", str(tmp_path / "other.csv"))
    assert result.exit_code == 1
    assert "must name the columns: email, name, owner" in result.stderr


def test_an_export_can_be_imported_and_holds_no_formula(command: Command, good: Good, tmp_path: Path) -> None:
    good("contact", "add", "bo@x.example", "b2@x.example", "--name", '=HYPERLINK("http://e","x")')
    file = tmp_path / "out.csv"
    good("contact", "export", str(file))
    text = file.read_text()
    assert text.splitlines()[0] == '"email","name","owner","other_addresses","id"'
    assert '"bo@x.example","\'=HYPERLINK(""http://e"",""x"")","","b2@x.example","' in text
    assert file.stat().st_mode & 0o777 == 0o600
    assert good("contact", "import", str(file)) == "0 created, 0 updated, 1 unchanged, 0 refused.\n"
    again = command("contact", "export", str(file))
    assert (again.exit_code, again.stderr) == (1, f"bcc-gateway: {file}: File exists\n")
    assert good("contact", "export", "-").replace("\r\n", "\n") == text


def test_names_cannot_steer_a_terminal(command: Command, good: Good) -> None:
    good("contact", "add", "bo@x.example", "--name", "漢字 \u202e\u200f")
    assert "漢字 \\u202e\\u200f  bo@x.example" in good("contact", "list")
    assert command("contact", "add", "c@x.example", "--name", "\x9b2J").exit_code == 1

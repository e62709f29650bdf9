"""The commands: exit status, one sentence for each bad input, nothing half done, nothing lost."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

import main
from intake_app import content, demo, service
from intake_app.display import has_screen
from intake_app.store import database, schema, vault
from tests.vaults import DEMO, FAST, PASSWORD, Clock

ROOT = Path(main.__file__).parent
CASE = DEMO / "1-straightforward.toml"
STAFF = "Dana Reyes"


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr(service, "create_vault", _fast_create(service.create_vault))
    monkeypatch.setenv("INTAKE_PASSWORD", PASSWORD)


def _fast_create(create):
    return lambda folder, about, people, clock: create(folder, about, people, clock, FAST)


@pytest.fixture
def run(monkeypatch, capfd):
    """Run a command in this process; its status, what it said and what it complained of."""

    def call(*words):
        monkeypatch.setenv("INTAKE_PASSWORD", PASSWORD)
        try:
            status = main.main([str(word) for word in words])
        except SystemExit as stop:
            status = stop.code
        out, err = capfd.readouterr()
        return status, out, err

    return call


def screen(run, case, folder, *more):
    return run("screen", case, "--vault", folder, "--pdf", folder.parent / "out.pdf", *more)


@pytest.fixture
def kept(run, tmp_path):
    """A vault with one call in it."""
    assert screen(run, CASE, tmp_path / "vault")[0] == 0
    return tmp_path / "vault"


def patients(folder):
    desk = service.open_vault(folder, STAFF, PASSWORD, Clock())
    try:
        with desk._office.records.look() as connection:
            found = select(func.count()).select_from(schema.patient)
            return connection.execute(found).scalar_one()
    finally:
        desk.close()


def one_sentence(err):
    """One line, no traceback, and an end."""
    assert err.endswith(".\n"), err  # and an end
    assert err.count("\n") == 1, err
    assert "Traceback" not in err


def test_a_case_leaves_records_paper_and_json(run, tmp_path):
    out_json = tmp_path / "out.json"
    status, out, _ = screen(run, CASE, tmp_path / "vault", "--json", out_json)
    assert status == 0
    assert "saved suicide.1\n" in out
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")
    assert {"flags", "scores", "suicide_risk", "escalation", "to_obtain", "unanswered"} <= set(
        json.loads(out_json.read_text())
    )


def test_risk_is_no_failure(run, tmp_path):
    assert screen(run, DEMO / "2-crisis.toml", tmp_path / "vault")[0] == 0


def test_a_vault_that_exists_is_added_to(run, kept):
    assert screen(run, DEMO / "3-unknowns.toml", kept)[0] == 0
    assert patients(kept) == 2


def test_the_items_are_those_of_the_protocol(run):
    status, out, _ = run("items")
    rows = {row["id"]: row for row in json.loads(out)}
    assert status == 0
    assert rows["suicide.6a"]["kind"] == "yes_no"
    assert rows["organ_kinds"]["options"][0] == "liver"
    assert rows["phq9.9"]["stage"] == "second_contact"
    assert len(rows) == len(content.build(content.shipped()).items)


def test_wrong_usage_is_status_two(run):
    assert run("screen")[0] == 2
    assert run("nothing-of-the-kind")[0] == 2


def edited(tmp_path, old, new):
    path = tmp_path / "edited.toml"
    source = CASE.read_text()
    assert old in source
    path.write_text(source.replace(old, new, 1))
    return path


BAD_CASES = {
    "unknown item": ('item = "stroke_ever"', 'item = "strike_ever"', "strike_ever"),
    "wrong type": ('item = "height"\nvalue = 170', 'item = "height"\nvalue = "tall"', "height"),
    "unknown option": ('value = "named_adult"', 'value = "a_friend"', "escort_plan"),
    "no value": ('item = "suicide.1"\nvalue = false', 'item = "suicide.1"', "suicide.1"),
    "unknown field": ('item = "suicide.2"', 'item = "suicide.2"\nvalu = 1', "valu"),
    "unknown source": ('item = "suicide.2"', 'item = "suicide.2"\nsource = "dog"', "source"),
    "unknown role": ('"clinician"', '"wizard"', "roles"),
    "stranger": ('by = "Dr. Ines Okafor"', 'by = "Nobody Known"', "staff"),
    "no date": ("today = 2026-03-10", 'today = "soon"', "today"),
    "not TOML": ("[clinic]", "[clinic", "TOML"),
    "no such time": ('at = "10:05"', 'at = "25:61"', "at"),
    "no such disposition": ('sign = "consult_to_be_booked"', 'sign = "cured"', "sign"),
}


@pytest.mark.parametrize("what", BAD_CASES)
@pytest.mark.parametrize("existing", [False, True])
def test_a_bad_case_is_one_sentence_and_nothing_of_it_is_kept(run, tmp_path, what, existing):
    """Seen to fail with: prove() left out before a vault is created, and before one is added to."""
    old, new, named = BAD_CASES[what]
    bad = edited(tmp_path, old, new)
    folder = tmp_path / "vault"
    if existing:
        assert screen(run, CASE, folder)[0] == 0
    status, out, err = screen(run, bad, folder)
    assert status == 1
    one_sentence(err)
    assert named in err
    assert "saved" not in out
    if existing:
        assert patients(folder) == 1
    else:
        assert not folder.exists()


def test_a_wrong_password_is_one_sentence_and_changes_nothing(run, kept, monkeypatch):
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    monkeypatch.setattr(main, "_password", lambda: "wrong")
    status, _, err = screen(run, CASE, kept)
    assert status == 1
    one_sentence(err)
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before


def test_a_folder_that_is_no_vault_is_one_sentence_and_left_alone(run, tmp_path):
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    for words in (("screen", CASE, "--pdf", tmp_path / "o.pdf"), ("verify",)):
        status, _, err = run(*words, "--vault", folder)
        assert status == 1
        one_sentence(err)
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_a_vault_of_a_newer_version_is_one_sentence(run, kept):
    """Seen to fail with: the revision not compared."""
    keys = vault.unlock(kept, STAFF, PASSWORD).keys
    connection = database.connect(kept / database.DATABASE, keys.database)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    status, _, err = screen(run, CASE, kept)
    assert status == 1
    one_sentence(err)
    assert "newer version" in err


@pytest.mark.parametrize("name", ["vault.db", "vault.keys", "vault.head", "clinic.json"])
def test_a_damaged_file_is_one_sentence(run, kept, name):
    path = kept / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(bytes(data))
    status, _, err = run("verify", "--vault", kept)
    assert status == 1
    one_sentence(err)
    if name != "vault.db":  # a page that nobody reads shows in verify alone
        status, _, err = screen(run, CASE, kept)
        assert status == 1
        one_sentence(err)


def test_a_damaged_protocol_is_one_sentence_that_names_file_and_field(run, tmp_path, monkeypatch):
    resources = tmp_path / "resources"
    shutil.copytree(content.RESOURCES, resources)
    protocol = resources / "protocols" / "ketamine.toml"
    broken = protocol.read_text().replace("systolic >= stop_sys", "systolic >= stop_sytolic", 1)
    protocol.write_text(broken)
    shipped = content.shipped(resources)
    monkeypatch.setattr(content, "shipped", lambda: shipped)
    status, _, err = screen(run, CASE, tmp_path / "vault")
    assert status == 1
    one_sentence(err)
    assert "ketamine.toml" in err
    assert "stop_sytolic" in err
    assert not (tmp_path / "vault").exists()


def test_a_pdf_that_cannot_be_written_loses_no_answer(run, tmp_path):
    folder = tmp_path / "vault"
    nowhere = tmp_path / "nowhere" / "out.pdf"
    status, out, err = run("screen", CASE, "--vault", folder, "--pdf", nowhere)
    assert status == 1
    one_sentence(err)
    assert "saved suicide.6" in out
    assert patients(folder) == 1


def test_verify_says_that_nothing_was_changed(run, kept):
    assert run("verify", "--vault", kept)[0] == 0


@pytest.mark.parametrize("words", [("demo", "--out"), ()], ids=["demo", "nothing"])
def test_without_a_screen_both_say_so_and_walk_the_demo_calls(run, tmp_path, monkeypatch, words):
    """Seen to fail with: `saved` lines printed by the walk; the sentence printed to stdout."""
    monkeypatch.setattr(main, "_home", lambda: tmp_path)
    if words:
        words = (*words, tmp_path / "demo")
    for _again in range(2 if words else 1):  # the second time over the first one's vault
        status, out, err = run(*words)
        assert status == 0
        one_sentence(err)
        assert "no screen" in err
        lines = out.splitlines()
        assert lines == [
            str(tmp_path / "demo" / f"{name}.pdf")
            for name in ("1-straightforward", "2-crisis", "3-unknowns")
        ]
        assert all(Path(line).is_file() for line in lines)


def test_the_demo_takes_no_other_vault_away(run, tmp_path):
    """Seen to fail with: demo.remove removing whatever is there."""
    folder = tmp_path / "demo" / "vault"
    folder.mkdir(parents=True)
    (folder / "precious").write_text("x")
    status, _, err = run("demo", "--out", tmp_path / "demo")
    assert status == 1
    assert err.endswith(".\n")
    assert "no demo vault" in err
    assert (folder / "precious").exists()


# With a screen ------------------------------------------------------------------------------------


@pytest.fixture
def window(monkeypatch, tmp_path):
    """As if there were a screen; what the window would be opened with."""
    opened = []
    monkeypatch.setattr(main, "has_screen", lambda _environ: True)
    monkeypatch.setattr(main, "_home", lambda: tmp_path / "home")
    monkeypatch.setattr(main, "_window", lambda *given: opened.append(given) or 0)
    monkeypatch.delenv("INTAKE_VAULT", raising=False)
    return opened


def test_the_window_opens_on_the_vault_that_is_named(run, window, tmp_path, monkeypatch):
    """Seen to fail with: the variable asked before the option."""
    assert run()[0] == 0
    monkeypatch.setenv("INTAKE_VAULT", str(tmp_path / "b"))
    assert run()[0] == 0
    assert run("--vault", tmp_path / "c")[0] == 0
    assert window == [(tmp_path / "home" / "vault",), (tmp_path / "b",), (tmp_path / "c",)]


def test_the_demo_of_today_is_made_once(run, window, tmp_path):
    """Seen to fail with: the demo made at every start."""
    out = tmp_path / "demo"
    assert run("demo", "--out", out)[1:] == (
        "",
        "Making a fresh demo; this takes a few seconds.\n",
    )
    made = (out / "vault" / "vault.keys").read_bytes()
    assert run("demo", "--out", out) == (0, "", "")
    assert (out / "vault" / "vault.keys").read_bytes() == made
    assert window == [(out / "vault", demo.PASSWORD)] * 2


def test_a_walk_leaves_nothing_that_passes_for_the_demo(run, window, tmp_path, monkeypatch):
    """Seen to fail with: the mark of the day left when the vault is taken away."""
    out = tmp_path / "demo"
    run("demo", "--out", out)
    monkeypatch.setattr(main, "has_screen", lambda _environ: False)
    run("demo", "--out", out)
    assert not demo.is_fresh(out / "vault", main._system_clock().date())


# Whether there is one -----------------------------------------------------------------------------

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is one")


@linux
def test_where_nothing_is_named_there_is_no_screen():
    """Seen to fail with: True where neither variable is set."""
    assert not has_screen({})
    assert not has_screen({"QT_QPA_PLATFORM": "xcb"})


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "offscreen:fonts=x"])
def test_a_blind_platform_is_no_screen(platform):
    """Seen to fail with: the variable compared whole."""
    assert not has_screen({"QT_QPA_PLATFORM": platform, "WAYLAND_DISPLAY": "/x", "DISPLAY": ":0"})


@linux
@pytest.mark.parametrize("display", [":9473", "unix:9473", "127.0.0.1:9473", "9473", ":x", ":"])
def test_a_server_that_does_not_answer_is_no_screen(display):
    """Seen to fail with: DISPLAY taken at its word."""
    assert not has_screen({"DISPLAY": display})
    assert not has_screen({"WAYLAND_DISPLAY": "/nowhere/wayland-0", "DISPLAY": display})


@linux
def test_a_wayland_socket_that_answers_is_a_screen(tmp_path, monkeypatch):
    """Seen to fail with: the folder of the session left out."""
    monkeypatch.chdir(tmp_path)  # a socket's name may be short only
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("wayland-9")
        server.listen()
        assert has_screen({"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": "."})
    assert not has_screen({"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": "."})


@linux
@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb")
def test_a_real_x_server_is_a_screen():
    """Seen to fail with: the return value of xcb_connect cut to 32 bits."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    try:
        os.close(write)
        number = os.read(read, 16).decode().strip()
        assert has_screen({"DISPLAY": f":{number}"})
    finally:
        os.close(read)
        server.terminate()
        server.wait()
    assert not has_screen({"DISPLAY": f":{number}"})


def test_a_bug_is_one_sentence_without_what_it_carried(run, monkeypatch):
    """Seen to fail with: the last handler left out of main()."""

    def bug(_chosen):
        raise ValueError("Pat Example, born 1980")

    monkeypatch.setattr(main, "_items", bug)
    status, _, err = run("items")
    assert status == 1
    one_sentence(err)
    assert "ValueError" in err
    assert "Pat" not in err


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("after", [3, 17, 40])
def test_a_kill_loses_no_answer_that_was_said_to_be_saved(tmp_path, after):
    """Real process, real kill. Seen to fail with: `saved` printed before the commit."""
    folder = tmp_path / "vault"
    words = ["screen", CASE, "--vault", folder, "--pdf", tmp_path / "out.pdf"]
    child = subprocess.Popen(
        [sys.executable, ROOT / "main.py", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "INTAKE_PASSWORD": PASSWORD},
    )
    saved = []
    for line in child.stdout:
        saved.append(line.split()[1].partition("#")[0])
        if len(saved) == after:
            child.send_signal(signal.SIGKILL)
            break
    child.wait()
    child.stdout.close()
    assert service.verify_vault(folder, STAFF, PASSWORD) is None
    desk = service.open_vault(folder, STAFF, PASSWORD, Clock())
    with desk._office.records.look() as connection:
        kept = set(connection.execute(text("SELECT item FROM answer")).scalars())
    desk.close()
    assert {item for item in saved if item != "medicine"} <= kept
    assert service.verify_vault(folder, STAFF, PASSWORD) is None

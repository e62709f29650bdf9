"""The migrations: what they build, and what a failed one leaves."""

import shutil

import pytest
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import inspect, text

from intake_app import service
from intake_app.store import database, migrations, schema, vault
from tests.first_version import WHO, catalogue, in_the_first_version, step_back
from tests.vaults import COORDINATOR, PASSWORD, Clock, open_clinic


@pytest.fixture
def folder(tmp_path):
    desk = open_clinic(tmp_path / "vault", Clock(), [COORDINATOR])
    desk.register_patient("Kept")
    desk.close()
    return tmp_path / "vault"


@pytest.fixture
def connection(folder):
    keys = vault.unlock(folder, COORDINATOR, PASSWORD).keys
    engine = database.engine_for(folder / database.DATABASE, keys.database)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_columns_keys_and_indexes_are_those_of_the_schema(connection):
    """Seen to fail with: the column `note` of answer made nullable in the migration."""
    found = inspect(connection)
    own = {f"finder_words{of}" for of in ("", "_data", "_idx", "_docsize", "_config")}  # FTS5's
    known = {*schema.metadata.tables, "alembic_version"} | own
    assert set(found.get_table_names()) == known
    for table in schema.metadata.sorted_tables:
        columns = {
            c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(table.name)
        }
        assert columns == {c.name: (str(c.type), c.nullable) for c in table.columns}
        key = found.get_pk_constraint(table.name)["constrained_columns"]
        assert key == [c.name for c in table.primary_key.columns]
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        assert indexes == {index.name for index in table.indexes}


def test_the_guards_are_those_that_verify_looks_for(connection):
    """Seen to fail with: a guard added to the migration alone."""
    triggers = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    assert set(triggers.scalars()) == schema.GUARDS


def test_the_newest_migration_is_the_one_that_the_app_expects():
    assert migrations.scripts().get_heads() == [schema.HEAD]


def stand_at(folder, revision):
    keys = vault.unlock(folder, COORDINATOR, PASSWORD).keys
    raw = database.connect(folder / database.DATABASE, keys.database)
    raw.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    raw.close()


def test_a_failed_migration_leaves_what_was_there_and_runs_the_next_time(folder, monkeypatch):
    """Seen to fail with: the upgrade committed before it was whole."""
    stand_at(folder, "0000")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}

    def half(connection):
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        connection.execute(text("DELETE FROM alembic_version"))
        raise RuntimeError("planted")

    monkeypatch.setattr(migrations, "upgrade", half)
    with pytest.raises(RuntimeError):
        service.open_vault(folder, COORDINATOR, PASSWORD, Clock())
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.stat().st_size} == {
        name: data for name, data in files.items() if data
    }

    def whole(connection):
        connection.execute(
            text("UPDATE alembic_version SET version_num = :at"), {"at": schema.HEAD}
        )

    monkeypatch.setattr(migrations, "upgrade", whole)
    desk = service.open_vault(folder, COORDINATOR, PASSWORD, Clock())
    desk.register_patient("After")
    desk.close()
    assert service.verify_vault(folder, COORDINATOR, PASSWORD) is None


def test_records_that_do_not_fit_their_seal_are_not_even_upgraded(folder, tmp_path, monkeypatch):
    """Seen to fail with: the upgrade before the look at vault.head."""
    stand_at(folder, "0000")
    older = shutil.copytree(folder, tmp_path / "older")
    stand_at(folder, schema.HEAD)
    desk = service.open_vault(folder, COORDINATOR, PASSWORD, Clock())
    desk.register_patient("Newer")
    desk.close()
    shutil.copyfile(older / database.DATABASE, folder / database.DATABASE)
    before = (folder / database.DATABASE).read_bytes()
    with pytest.raises(database.Mismatch):  # nor can its copy be upgraded, to be looked at
        service.open_vault(folder, COORDINATOR, PASSWORD, Clock())
    assert (folder / database.DATABASE).read_bytes() == before


@pytest.mark.parametrize("revision", ["0008", "9999"])
def test_a_newer_revision_is_refused_by_opening_and_by_verify(folder, revision):
    stand_at(folder, revision)
    with pytest.raises(database.CannotOpen, match="newer version"):
        service.open_vault(folder, COORDINATOR, PASSWORD, Clock())
    with pytest.raises(database.CannotOpen, match="newer version"):  # nothing to restore
        service.verify_vault(folder, COORDINATOR, PASSWORD)


# A vault of the first version ---------------------------------------------------------------------


def first_layout(path):
    """The catalogue that migration 0001 leaves by itself."""
    engine = database.engine_for(path, bytes(32))
    directory = migrations.scripts()

    def steps(revision, _context):
        return directory._upgrade_revs("0001", revision)

    with (
        engine.begin() as connection,
        EnvironmentContext(Config(), directory, fn=steps) as environment,
    ):
        environment.configure(connection=connection, transactional_ddl=False)
        environment.run_migrations()
    engine.dispose()
    raw = database.connect(path, bytes(32))
    found = catalogue(raw)
    raw.close()
    return found


def test_a_vault_of_the_first_version_is_upgraded_with_its_signatures(tmp_path, monkeypatch):
    """Signed and unsigned, with an escalation; nothing is screened before somebody asks for the
    worklist. Its entries carry no signatures and those of now do. Seen to fail with: the summary
    emptied by the migration (the worklist would miss them); the patient of a row not filled in; a
    trigger of 0001 dropped."""
    played, rows, shown = in_the_first_version(tmp_path / "vault")
    folder = tmp_path / "vault"
    assert step_back(folder) == first_layout(tmp_path / "first.db")
    desk = service.open_vault(folder, WHO, PASSWORD, played.clock)
    desk.close()
    assert service.verify_vault(folder, WHO, PASSWORD) is None
    desk = service.open_vault(folder, WHO, PASSWORD, played.clock)
    with monkeypatch.context() as patch:
        patch.setattr(service, "_RENEWED_AT_ONCE", 0)
        before = desk.worklist()
    assert [(r.intake_id, r.patient, r.tier, r.stale) for r in before] == [
        (r.intake_id, r.patient, r.tier, True) for r in rows
    ]
    assert desk.worklist() == rows
    again = desk.show(played.case.intake.id)
    assert again.intake == shown.intake
    signature = again.intake.signature
    key = vault.read(folder).signing_keys[signature.staff]
    assert vault.verify(key, signature.statement.encode(), signature.signature)
    desk.begin_call()
    desk.close()
    assert service.verify_vault(folder, WHO, PASSWORD) is None

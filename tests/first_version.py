"""A vault as 0.1.0 wrote it: all that later migrations brought is taken away again."""

import pytest

from intake_app.store import audit, database, vault
from tests.vaults import PASSWORD, Played

NEW_TABLES = (
    *("patient_identity", "intake_patient", "note", "place", "patient_same"),
    *("staff_change", "signing_key", "earlier_key", "gap"),
)
DERIVED = ("finder_words", "finder")
NEW_INDEXES = ("answer_phone", "summary_rank", "summary_since", "summary_patient", "intake_of")
NEW_INDEXES += ("summary_app", "summary_day", "summary_waits")
NEW_COLUMNS = (
    *("patient_id", "call", "stage", "owner", "since", "queries"),
    *("tab", "rank", "opened", "now_since", "day_since", "routine_since"),
)
WHO = "Dana Reyes"


def catalogue(connection):
    """What a database is made of: tables with their columns, indexes and triggers by name."""
    names = connection.execute("SELECT type, name FROM sqlite_master ORDER BY name").fetchall()
    tables = [name for kind, name in names if kind == "table"]
    columns = {
        table: sorted(row[1:4] for row in connection.execute(f"PRAGMA table_info({table})"))
        for table in tables
    }
    return names, columns


def step_back(folder):
    """Take away all that later migrations brought: what is left is a vault that 0.1.0 wrote."""
    keys = vault.unlock(folder, WHO, PASSWORD).keys
    raw = database.connect(folder / database.DATABASE, keys.database)
    for table in NEW_TABLES:
        assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608
        raw.execute(f"DROP TABLE {table}")
    for table in DERIVED:
        raw.execute(f"DROP TABLE {table}")
    for index in NEW_INDEXES:
        raw.execute(f"DROP INDEX ix_{index}")
    for column in NEW_COLUMNS:
        raw.execute(f"ALTER TABLE summary DROP COLUMN {column}")
    assert raw.execute("SELECT max(signature) FROM audit").fetchone() == ("",)
    raw.execute("ALTER TABLE audit DROP COLUMN signature")
    raw.execute("UPDATE summary SET app = '0.1.0'")
    raw.execute("UPDATE alembic_version SET version_num = '0001'")
    found = catalogue(raw)
    raw.close()
    return found


def in_the_first_version(folder):
    """Signed and unsigned, with an escalation, and what was seen of it then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "APP_VERSION", audit.UNSIGNED_APP)
        return _played(folder)


def _played(folder):
    played = Played(folder, "1-straightforward")
    open_one = played.desk.open_intake(played.case.intake.patient.id).intake
    played.desk.open_call(open_one.id)
    played.desk.record_answer(open_one.id, "suicide.4", True)
    rows = played.desk.worklist()
    shown = played.desk.show(played.case.intake.id)
    played.desk.close()
    return played, rows, shown

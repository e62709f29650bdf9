"""Every event that the audit trail knows. What is not here is refused before it is written.

The list only grows: an event that was ever written has to be read for as long as records are kept.
"""

from __future__ import annotations

from collections.abc import Mapping

# What was looked at, opened, taken away from the records or kept of them: no row of a record.
LOOKED: frozenset[str] = frozenset(
    {
        "unlocked",
        "locked",
        "worklist_viewed",
        "patients_searched",
        "chart_viewed",
        "duplicates_viewed",
        "summary_previewed",
        "summary_printed",
        "summary_exported",
        "trail_viewed",
        "trail_checked",
        "trail_exported",
        "records_copied",
        "backed_up",
        "backup_failed",
        "restore_tried",
    }
)

# What changed a record, the clinic, or who may open the vault.
CHANGED: frozenset[str] = frozenset(
    {
        "patient_registered",
        "patient_identified",
        "intake_opened",
        "intake_moved",
        "intake_submitted",
        "intake_look_again",
        "intake_looked_again",
        "intake_signed",
        "addendum_added",
        "call_opened",
        "call_caller",
        "call_read_back",
        "call_language",
        "call_recording",
        "call_ended",
        "call_tried",
        "call_dropped",
        "answer_answered",
        "answer_unknown",
        "answer_declined",
        "answer_deferred",
        "answer_not_applicable",
        "medication_listed",
        "note_added",
        "flag_reviewed",
        "escalation_raised",
        "escalation_grounds",
        "escalation_person",
        "escalation_step",
        "escalation_accepted",
        "escalation_taken_over",
        "escalation_closed",
        "escalation_safety_call",
        "escalation_reached",
        "protocol_kept",
        "protocol_drafted",
        "protocol_draft_closed",
        "protocol_in_force",
        "staff_added",
        "clinic_changed",
        "backup_place_chosen",
        "restored",
    }
)

EVENTS = LOOKED | CHANGED

# The event that each method of the services leaves exactly once, in its one transaction. What else
# a method writes has entries of its own: one for each row that followed from it. An empty set:
# nothing of a patient is shown and nothing of a record is changed, or it goes on with what left its
# entry: the first page of a tab, the first letter of a search.
LEAVES: Mapping[str, frozenset[str]] = {
    "register_patient": frozenset({"patient_registered"}),
    "identify_patient": frozenset({"patient_identified"}),
    "possible_duplicates": frozenset({"duplicates_viewed"}),
    "same_person": frozenset({"intake_moved"}),
    "open_intake": frozenset({"intake_opened"}),
    "begin_call": frozenset({"call_opened"}),
    "open_call": frozenset({"call_opened"}),
    "set_caller": frozenset({"call_caller"}),
    "settle_opening": frozenset({"call_read_back", "call_language", "call_recording"}),
    "end_call": frozenset({"call_ended", "call_dropped"}),
    "call_back_in_vain": frozenset({"call_tried"}),
    "record_answer": frozenset(name for name in CHANGED if name.startswith("answer_")),
    "record_medication": frozenset({"medication_listed"}),
    "add_note": frozenset({"note_added"}),
    "raise_escalation": frozenset({"escalation_raised"}),
    "stamp_escalation": frozenset(
        f"escalation_{move}"
        for move in ("person", "step", "accepted", "taken_over", "safety_call", "reached")
    ),
    "close_escalation": frozenset({"escalation_closed"}),
    "submit": frozenset({"intake_submitted"}),
    "review_flag": frozenset({"flag_reviewed"}),
    "sign": frozenset({"intake_signed"}),
    "add_addendum": frozenset({"addendum_added"}),
    "decide_parameter": frozenset({"protocol_drafted"}),
    "attest_wording": frozenset({"protocol_in_force"}),
    "adopt_protocol": frozenset({"protocol_in_force"}),
    "draft": frozenset(),
    "difference": frozenset(),
    "take_shipped": frozenset({"protocol_drafted"}),
    "drop_draft": frozenset({"protocol_draft_closed"}),
    "to_look_at_again": frozenset({"worklist_viewed"}),
    "looked_again": frozenset({"intake_looked_again"}),
    "show": frozenset({"chart_viewed"}),
    "worklist": frozenset({"worklist_viewed"}),
    "in_danger": frozenset({"worklist_viewed"}),
    "worklist_page": frozenset(),
    "count_worklist": frozenset(),
    "renew_worklist": frozenset(),
    "search": frozenset({"patients_searched"}),
    "search_on": frozenset(),
    "summary_pdf": frozenset({"summary_previewed"}),
    "summary_to_print": frozenset({"summary_printed"}),
    "print_summary": frozenset({"summary_exported"}),
    "keep_place": frozenset(),
    "place": frozenset(),
    "staff": frozenset(),
    "add_staff": frozenset({"staff_added"}),
    "change_clinic": frozenset({"clinic_changed"}),
    "entries": frozenset({"trail_viewed"}),
    "check_trail": frozenset({"trail_checked"}),
    "export_trail": frozenset({"trail_exported"}),
    "backup_state": frozenset(),
    "is_due": frozenset(),
    "back_up": frozenset({"backed_up", "backup_failed"}),
    "choose_second_place": frozenset({"backup_place_chosen"}),
    "copy_records": frozenset({"records_copied"}),
    "try_restore": frozenset({"restore_tried"}),
}

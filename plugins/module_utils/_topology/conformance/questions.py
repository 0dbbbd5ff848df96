# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of ``conformance_check``, and which switch of the sandbox each answer corresponds to.

The report is a JSON object. ``format`` is 1; ``answers`` is a list of objects with ``id``, ``service``, ``level``,
``question``, ``verdict`` (``yes``, ``no``, ``unclear``, ``not_asked``) and ``evidence``, in the order of ``QUESTIONS``.
``dialect`` is an object with the value of every switch that an answer determines, and is all that the sandbox reads of
a report: ``{"unique_numbers": true, "retention_days": 14}``. A switch is missing from it if its question has the
verdict ``unclear`` or ``not_asked``; the sandbox then keeps its default.

``Question.values`` has the switch's value for the verdicts ``yes`` and ``no``. ``MEASURED`` means that the answer
itself contains the value, such as a number of days; the answer then has the key ``value`` in the report.

Ids are stable: they are documented, and reports that were attached to an issue contain them.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

FORMAT = 1

LEVELS = ("read", "objects", "destinations")

YES, NO, UNCLEAR, NOT_ASKED = VERDICTS = ("yes", "no", "unclear", "not_asked")

MEASURED: t.Final = object()


@dataclasses.dataclass(frozen=True)
class Question:
    """A question about a service.

    :param id: the stable identifier. :param text: the question. :param switch: the switch of the sandbox that the
        answer determines, if any. :param yes: the switch's value for the verdict ``yes``. :param no: for ``no``.
    :param host: whether it needs a host other than that of the API. :param level: the lowest one at which it is asked.
    """

    id: str
    text: str
    switch: str = ""
    yes: object = True
    no: object = False
    host: bool = False
    level: str = dataclasses.field(kw_only=True)

    @property
    def service(self) -> str:
        """The service: the first word of the id."""
        return self.id.partition("-")[0]

    @property
    def values(self) -> dict[str, object]:
        """The switch's value for each verdict that determines it."""
        return {YES: self.yes, NO: self.no} if self.switch else {}


_read, _objects, _destinations = (functools.partial(Question, level=level) for level in LEVELS)

QUESTIONS: tuple[Question, ...] = (
    # Vapi, requests that only read.
    _read("vapi-unknown-key-401", "Is an unknown key rejected with 401?"),
    _read("vapi-credentials-list", "Is the list of trunks an array?"),
    _read("vapi-password-hidden", "Is the password of a trunk absent from responses?", "show_password", False, True),
    _read("vapi-limit-rejected", "Is a page size above 1,000 rejected?"),
    _read("vapi-null-fields", "Are unset fields returned as null?", "null_fields"),
    _read("vapi-retention", "Is the history of calls limited to a number of days?", "retention_days", MEASURED, 0),
    _read("vapi-versioning", "May the organisation use versions and traffic allocations?", "versioning"),
    _read("vapi-campaigns-v2", "May the organisation use /v2/campaign?", "campaigns_v2"),
    _read("vapi-number-search", "Does the search of phone numbers work with sorting?"),
    _read("vapi-calls-v2", "Does /v2/call still respond?"),
    _read("vapi-squads", "Does /squad respond?"),
    _read("vapi-campaigns-v1", "Does /campaign still respond?"),
    _read("vapi-workflow-removed", "Is /workflow removed?"),
    _read("vapi-described-paths", "Does Vapi's description contain the paths used here?", host=True),
    _read("vapi-described-fields", "Does Vapi's description contain the fields used here?", host=True),
    _read("vapi-described-reasons", "Are all ended reasons of Vapi's description known here?", host=True),
    _read("vapi-descriptions-equal", "Do both descriptions of Vapi have the same paths?", host=True),
    _read("vapi-rate-limit-headers", "Do responses have rate limit headers?"),
    # didlogic, requests that only read.
    _read("didlogic-unknown-key-403", "Is an unknown key rejected with 403?", "wrong_key_status", 403, MEASURED),
    # The other values of the switch: "errors" (by field) and "message".
    _read("didlogic-error-form", "Is the text of an error in the field error?", "error_form", "error", MEASURED),
    _read("didlogic-json-suffix", "Does a path also respond with .json?", "refuse_json_suffix", False, True),
    _read("didlogic-csv", "Is a list CSV unless JSON is requested?", "csv_by_default"),
    _read("didlogic-page-rejected", "Is a page size above 1,000 rejected?", "clamp_pages", False, True),
    _read("didlogic-number-by-id", "Does the id of a number address it in a path?", "numbers_by_id"),
    _read("didlogic-number-with-plus", "Does a number with a plus address it in a path?", "numbers_with_plus"),
    _read("didlogic-sorted", "Are destinations listed by priority?", "unsorted_destinations", False, True),
    _read("didlogic-equal-priorities", "Do two destinations of a number have the same priority?"),
    _read("didlogic-transport-codes", "Are all destinations of the kinds 1, 4 and 5?"),
    _read("didlogic-password-hidden", "Is the password of a SIP account absent from responses?"),
    _read("didlogic-call-id", "Do call records have an id?"),
    _read("didlogic-record-days", "Are the days of a list of call records days in UTC?"),
    _read("didlogic-transactions-csv", "Are transactions returned as CSV?"),
    _read("didlogic-identities", "Does /v2/identities respond?"),
    _read("didlogic-documents", "Does /v2/documents respond?"),
    _read("didlogic-messages", "Does /v1/sms respond?"),
    _read("didlogic-described-paths", "Does didlogic's description contain the paths used here?", host=True),
    _read("didlogic-described-gateways", "Does didlogic's description name the gateways used here?", host=True),
    _read("didlogic-described-transports", "Does it contain the kinds 1, 4 and 5 of destinations?", host=True),
    _read("didlogic-rate-limit-headers", "Do responses have rate limit headers?"),
    _read("didlogic-sip-options", "Do the SIP gateways respond to OPTIONS?", host=True),
    _read("didlogic-sip-certificates", "Are the certificates of the gateways valid for their names?", host=True),
    # Vapi, with objects that are removed again.
    _objects("vapi-trunk-name-unique", "Is the name of a trunk unique?", "unique_trunk_names"),
    _objects("vapi-trunk-defaults", "Are defaults returned that were not sent?", "echo_defaults"),
    # The other values of the switch: "ignored" (200, the value stays) and "refused" (400).
    _objects("vapi-null-clears", "Does null in an update clear a field?", "null_in_patch", "clears", MEASURED),
    _objects(
        "vapi-login-without-password",
        "Is an update of a trunk's login without a password accepted?",
        "refuse_login_without_password",
        False,
        True,
    ),
    _objects("vapi-inbound-name-rejected", "Is a host name as inbound gateway rejected?"),
    _objects("vapi-unknown-field-rejected", "Is an unknown field rejected?", "ignore_unknown_fields", False, True),
    _objects("vapi-number-unique", "Is a phone number unique in an organisation?", "unique_numbers"),
    _objects("vapi-number-change", "Can the number of a phone number be updated?", "refuse_number_change", False, True),
    _objects("vapi-trunk-change", "Can the trunk of a phone number be updated?", "refuse_trunk_change", False, True),
    _objects(
        "vapi-without-provider",
        "Is an update of a phone number accepted without provider?",
        "require_provider",
        False,
        True,
    ),
    _objects("vapi-bare-number", "Is a number without a plus accepted as E.164?", "accept_bare_numbers"),
    # Only measurable if phone numbers are unique.
    _objects("vapi-plus-ignored", "Is a number with and without a plus the same?", "ignore_plus"),
    # In seconds; a new phone number has the status "activating" until then.
    _objects("vapi-activating", "Does a new phone number need time to be active?", "activating_seconds", MEASURED, 0),
    _objects("vapi-legacy-fields", "Are deprecated fields of an assistant accepted?", "accept_legacy_fields"),
    _objects("vapi-assistant-depth", "Are the fields inside an assistant's model checked?", "strict_assistants"),
    # The other values of the switch: "replaces" (200, the rest is removed) and "refused" (400).
    _objects("vapi-partial-model", "Is a model that is sent in part merged?", "partial_model", "merges", MEASURED),
    _objects("vapi-unknown-tool", "Is an assistant with an unknown tool rejected?", "refuse_unknown_tools"),
    _objects("vapi-tool-function", "Is function accepted in a transfer tool?", "refuse_tool_function", False, True),
    _objects("vapi-transfer-modes", "Are old names of transfer modes replaced?", "rewrite_transfer_modes"),
    _objects("vapi-delete-in-use", "Is the deletion of an object that is used rejected?", "refuse_delete_in_use"),
    _objects("vapi-references-cleared", "Does a deletion clear the references to the object?", "clear_references"),
    _objects("vapi-model-required", "Is a new assistant without a model rejected?", "require_model"),
    # The number of lists in which it is missing.
    _objects("vapi-listed-at-once", "Is a new object in the next list?", "stale_lists", 0, MEASURED),
    _objects("vapi-created-inclusive", "Is createdAtLe inclusive?", "exclusive_dates", False, True),
    _objects("vapi-trunk-resolves", "Does the host of a new trunk resolve?", host=True),
    # didlogic, with a SIP account that is removed again.
    _objects("didlogic-label-unique", "Is the label of a SIP account unique?", "unique_labels"),
    # In characters; lengths of 1, 7, 8, 12 and 16 are tried.
    _objects("didlogic-short-password", "Is a password of one character accepted?", "password_min_length", 1, MEASURED),
    _objects(
        "didlogic-password-symbols", "Are symbols accepted in a password?", "refuse_password_symbols", False, True
    ),
    _objects("didlogic-account-patch", "Can a SIP account be updated with PATCH?", "accept_account_patch"),
    _objects("didlogic-json-body", "Is a JSON body accepted?", "accept_json"),
    _objects("didlogic-multipart", "Is multipart/form-data accepted?", "refuse_multipart", False, True),
    _objects("didlogic-unknown-field", "Is an unknown field rejected?", "refuse_unknown_fields"),
    _objects("didlogic-foreign-caller-id", "Is a caller id of another account rejected?", "refuse_foreign_callerid"),
    _objects(
        "didlogic-empty-restriction",
        "Is ip_restrict without an allowed address rejected?",
        "refuse_empty_restriction",
    ),
    _objects("didlogic-networks", "Is a network accepted as allowed address?", "accept_networks"),
    _objects("didlogic-ipv6", "Is an IPv6 address accepted as allowed address?", "accept_ipv6"),
    _objects("didlogic-delete-200", "Is a deletion answered with 200?", "delete_status", 200, MEASURED),
    _objects(
        "didlogic-delete-again-404", "Is a second deletion answered with 404?", "accept_repeated_delete", False, True
    ),
    _objects("didlogic-sip-login", "Does a new SIP account accept REGISTER?", host=True),
    _objects("didlogic-sip-login-tcp", "Does it accept REGISTER over TCP?", host=True),
    _objects("didlogic-sip-login-tls", "Does it accept REGISTER over TLS?", host=True),
    _objects("didlogic-sip-new-password", "Does REGISTER accept a changed password?", host=True),
    _objects("didlogic-sip-restricted", "Is REGISTER rejected from an address that is not allowed?", host=True),
    # didlogic, with destinations of the unused number that are removed again.
    _destinations("didlogic-priority", "Can the priority of a new destination be set?", "accept_priority"),
    _destinations("didlogic-new-equal", "Do new destinations have the same priority?", "equal_priorities"),
    _destinations("didlogic-new-last", "Is a new destination the last one?", "new_destination_first", False, True),
    _destinations(
        "didlogic-duplicate", "Is the same address accepted twice?", "refuse_duplicate_destination", False, True
    ),
    _destinations("didlogic-destination-json", "Is a JSON body accepted for a destination?"),
    _destinations("didlogic-callhunt", "Can callhunt of a new destination be set?"),
    _destinations("didlogic-normalised", "Is the address of a destination normalised?", "normalise_destinations"),
    _destinations("didlogic-active-default", "Is a new destination active by default?", "active_by_default"),
)

BY_ID: t.Final = {question.id: question for question in QUESTIONS}


def dialect(answers: t.Iterable[t.Mapping[str, object]]) -> dict[str, object]:
    """The switches that a report determines.

    :param answers: the answers of a report. :return: the value of each determined switch of the sandbox.
    """
    found: dict[str, object] = {}
    for answer in answers:
        question = BY_ID[str(answer["id"])]
        value = question.values.get(str(answer["verdict"]))
        if value is MEASURED:
            value = answer.get("value")
        if value is not None:
            found[question.switch] = value
    return found

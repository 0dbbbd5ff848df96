# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A purchased number of the carrier with its destinations, of which those to Vapi show no private key."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import ApiObject, Result
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.model import Model, Option
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import InfoView, Resource
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.carrier import Carrier, routes_of
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.forward import (
    check_trunk_id,
    destination_result,
)
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._topology.selected_carrier import CARRIER


class NumberFilters(Model):
    """Options of the info module other than the number: ids of trunks whose label may be shown."""

    vapi_trunk_ids: t.Annotated[list[str] | None, Option(item=check_trunk_id)] = None


def to_result(carrier: Carrier, row: ApiObject, filters: NumberFilters) -> Result:
    """A number with its destinations in the order of calls.

    :param carrier: the carrier. :param row: the number, with its destinations.
    :param filters: ids of trunks whose label may be shown. :return: the item of the info module.
    """
    entries = routes_of(carrier, row)
    names = carrier.numbers.read_only_fields
    facts = {name: row[name] for name in names if isinstance(row.get(name), (str, int, float))}
    number, known = carrier.number_of(row), filters.vapi_trunk_ids or ()
    return {
        "number": number,
        **facts,
        "destinations": [destination_result(carrier, entry, entries, number, known) for entry in entries],
    }


def number_resource(carrier: Carrier) -> Resource:
    """A carrier's numbers as the info module returns them.

    :param carrier: the carrier. :return: the resource.
    """
    view = InfoView(to_result=lambda row, filters: to_result(carrier, row, filters), filters=NumberFilters)
    return dataclasses.replace(carrier.numbers, view=view)


NUMBER = number_resource(CARRIER)

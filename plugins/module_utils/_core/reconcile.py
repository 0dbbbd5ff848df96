# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile objects with their desired state: read, plan, write, read back. Independent of Ansible and of resources."""

from __future__ import annotations

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.matching import Desired
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.outcome import Outcome
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reader import Reader
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile_keyed import KeyedReconciler
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile_oneshot import OneShotReconciler
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.reconcile_ordered import OrderedReconciler
from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.resource import (
    KeyedResource,
    OneShotResource,
    OrderedResource,
    Resource,
)


class Engine(Reader):
    """Performs all operations of one task at one service."""

    def ensure(
        self, resource: Resource, desired_objects: list[Desired], *, exclusive: str | Params | None = None
    ) -> list[Outcome]:
        """Reconcile all objects with their desired states. The error of an object does not stop the others.

        :param resource: the objects' kind. :param desired_objects: the desired objects.
        :param exclusive: also remove undeclared objects: the value of ``exclusive_by`` (keyed resources), or the
            argument of ``everywhere`` (ordered resources).
        :return: one outcome per object; it contains the object's error, if any.
        """
        outcomes = self.resolve(desired_objects)
        if isinstance(resource, OneShotResource):
            return OneShotReconciler(self, resource).ensure(outcomes)
        if isinstance(resource, OrderedResource):
            return OrderedReconciler(self, resource).ensure(outcomes, None if isinstance(exclusive, str) else exclusive)
        if isinstance(resource, KeyedResource):
            return KeyedReconciler(self, resource).ensure(outcomes, exclusive)
        raise TypeError(f"A {resource.title} is only read.")

# Copyright (c) 2026, the voiceops.vapi_didlogic authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render a template of this collection as text."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.release import __version__

from ansible_collections.voiceops.vapi_didlogic.plugins.module_utils._core.data import Params

#: Before 2.19, text that looks like JSON is converted to data without this option. Since 2.19 the option is deprecated.
AS_TEXT: dict[str, bool] = {} if tuple(map(int, __version__.split(".")[:2])) >= (2, 19) else {"convert_data": False}


class RenderingActionModule(ActionBase):
    """An action plugin that renders templates."""

    def _rendered(self, src: str, variables: Params) -> str:
        """Render a template.

        :param src: the template, which is searched for in the locations of the task. :param variables: the variables.
        :return: the text.
        """
        known = {**variables, "ansible_search_path": self._task.get_search_path()}
        lookup = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
        return str(lookup.run([src], variables=known, **AS_TEXT)[0])

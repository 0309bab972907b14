"""`ui.panel_views.PanelViews` over the store."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.liaison import Liaison


class StoredPanel:
    def __init__(self, liaison: "Liaison") -> None:
        self._liaison = liaison

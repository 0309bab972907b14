"""`ui.views.Views` over the store."""

from app.findings import Findings
from app.pauses import Pauses
from app.rulebook import Rulebook
from app.store import Store
from core.errors import StoreError
from ui.views import Health


class StoredViews(Findings):
    def __init__(self, store: Store, rulebook: Rulebook, pauses: Pauses) -> None:
        super().__init__(store)
        self._rulebook, self._pauses = rulebook, pauses

    def health(self) -> Health:
        try:
            reasons = [f"{site}: {what}" for site, what in self._pauses.alarms().items()]
        except StoreError as error:
            reasons = [str(error)]
        if self._rulebook.problem:
            reasons.append(f"The changed rules are not used: {self._rulebook.problem}")
        return Health(tuple(reasons), self._rulebook.current.hash)

"""What deliveries hold of a person, and how it is exported, erased and merged."""

from __future__ import annotations

from troth.kernel.personal_data import Store, Table, declare, declare_not_personal
from troth.kernel.tenancy import declare_belonging
from troth.webhooks.models import Delivery

_delivery = Table(
    model=Delivery,
    times=("at", "due_at", "retry_until", "created_at", "settled_at"),
    json=("facts",),
    hidden=("attempts", "due_at", "retry_until"),
    order_by="delivery_id",
)

declare(
    Store(
        name="webhooks.deliveries",
        title="What was told to other systems of the customer's, or is about to be",
        category="communication",
        purpose="the purpose of each webhook",
        origin="derived by Troth from what the person did, decided and got",
        retention="what was told 7 days; that it was told 30 days",
        export=_delivery.export,
        erase=_delivery.erase,
        move=_delivery.move,
        models=("webhooks.Delivery",),
        columns=("type", "at", "facts"),
    )
)
declare_not_personal(
    "webhooks.ErasureNotice",
    "Written when somebody is erased, to tell those who had their data (Art. 19): the random number that was theirs leads to nobody any more."
    " Contested instructions go the same way: they are about nobody.",
)
declare_belonging("webhooks.Withheld", "webhooks.Webhook", "parent.id = own.webhook_id")

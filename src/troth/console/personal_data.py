"""What the console keeps belongs to the installation."""

from __future__ import annotations

from troth.kernel.tenancy import declare_of_installation

declare_of_installation("console.CacheEntry", "counts of attempts under hashes, which expire by themselves")

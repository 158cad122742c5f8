from __future__ import annotations

import pytest

from troth.project.database_url import BadDatabaseUrl, read_database_url


def test_a_postgres_url_becomes_settings_with_a_pool() -> None:
    read = read_database_url("postgres://dana:se%20cret@db.example:5433/troth?sslmode=require")
    assert read["ENGINE"] == "django.db.backends.postgresql"
    assert (read["USER"], read["PASSWORD"], read["HOST"], read["PORT"], read["NAME"]) == ("dana", "se cret", "db.example", 5433, "troth")
    assert read["OPTIONS"]["sslmode"] == "require"
    assert read["OPTIONS"]["pool"]["max_size"] == 20


def test_the_pool_is_a_number_and_may_be_left_out() -> None:
    assert read_database_url("postgres://host/name?pool=3")["OPTIONS"]["pool"]["max_size"] == 3
    assert "pool" not in read_database_url("postgres://host/name?pool=0")["OPTIONS"]
    with pytest.raises(BadDatabaseUrl):
        read_database_url("postgres://host/name?pool=true")


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite:///file", "nonsense", "postgres", "://", "postgres://host:port/x"])
def test_anything_else_is_refused_in_words_that_do_not_repeat_it(url: str) -> None:
    with pytest.raises(BadDatabaseUrl) as refused:
        read_database_url(url)
    assert "host" not in str(refused.value).replace("@host:5432", "")

import pytest
from networks_of_sweeps import written


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with networks, which is the working directory."""
    monkeypatch.chdir(written(tmp_path))
    return tmp_path

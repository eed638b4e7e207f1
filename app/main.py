"""Entry point: `streamlit run app/main.py [-- --gallery PATH ...]`.

Streamlit reads this file twice and for two purposes. As module ``main`` it is imported once by
the server, which takes ``app`` and with it our routes; as ``__main__`` it is run for every
interaction and draws the page. Everything it needs lives beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # `streamlit run` puts only app/ on the import path
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from app import shell  # noqa: E402
from app.routes import routes  # noqa: E402
from app.security import Security  # noqa: E402

app = st.App(
    __file__,
    routes=routes(),
    lifespan=shell.lifespan,
    middleware=[Middleware(Security)],
)

if __name__ == "__main__":
    shell.run()

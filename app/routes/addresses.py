"""The addresses of what our routes serve, under Streamlit's base path."""

from __future__ import annotations

from urllib.parse import quote

from streamlit import config

from app.disk import modules

AWAY = "?away"  # of the address of a picture that was not here when the page was made


def base_path() -> str:
    """Streamlit's configured base path with a leading and no trailing slash, or nothing."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def gallery_url(version: str, rest: str) -> str:
    """Address of anything of a gallery.

    Args:
        version: the gallery's manifest hash (`resources.Entry.version`).
        rest: what follows it, such as ``"points.safetensors"``. Names in it have to be quoted;
            placeholders such as ``{row}`` stay as they are.
    """
    return f"{base_path()}/gallery/{version}/{rest}"


def fixed_url(version: str, rest: str) -> str:
    """Address of something a browser may keep for good, although this program writes it.

    It changes with the program, so that another version never meets what an older one wrote.
    """
    return f"{gallery_url(version, rest)}?v={modules.VERSION}"


def picture_url(version: str, row: int, kind: str = "thumb", here: bool = True) -> str:
    """Address of one picture.

    Args:
        version: the gallery's manifest hash (`resources.Entry.version`).
        row: row number in the gallery.
        kind: ``"thumb"``, ``"picture"`` or ``"large"``.
        here: whether there are pictures (`Gallery.has_pictures`). When they have come, the address
            is another, and a page that shows a drawing in their place tries again.
    """
    return gallery_url(version, f"{kind}/{row}.webp") + ("" if here else AWAY)


def colours_url(version: str, level: str, theme: str = "{theme}") -> str:
    """Address of the colours of classes.

    Args:
        version: the gallery's manifest hash (`resources.Entry.version`).
        level: ``"label"`` or one of the gallery's levels, whatever it contains.
        theme: ``"light"`` or ``"dark"``; by default a placeholder for them.
    """
    return gallery_url(version, f"colours/{quote(level, safe='')}/{theme}.json")


def disk_url(name: str) -> str:
    """Address of one of the disk's own files, such as ``"main.js"``."""
    return f"{base_path()}/disk/{modules.VERSION}/{name}"

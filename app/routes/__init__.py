"""What the browser fetches over HTTP: pictures, points and facts of *registered* galleries, and the
disk's own modules. Read-only.

A gallery is named by the hash of its manifest, a picture by its row number, a level by its name
among the gallery's own; no path ever comes from the URL. Because the hash is part of the address,
what is stored in a gallery can be cached for good::

    /gallery/<hash>/thumb/<row>.webp       the thumbnail
    /gallery/<hash>/picture/<row>.webp     the original, short side at most 384 px
    /gallery/<hash>/large/<row>.webp       the original, short side at most 768 px
    /gallery/<hash>/tile/<n>.webp          a tile of 100 thumbnails

    /gallery/<hash>/points.safetensors     positions, uncertainties and classes of all images
    /gallery/<hash>/umap.safetensors       the free UMAP, where there is one
    /gallery/<hash>/around/<query>.safetensors         true distances of all images to a query
    /gallery/<hash>/card/<row>.json?to=<query>         the facts of one image
    /gallery/<hash>/colours/<level>/<theme>.json       colours of classes or their groups

    /disk/<hash>/<name>                    the disk's modules, such as ``math/view.js``

Where a gallery holds no pictures and the originals are not here either, a drawing that must not be
kept stands in for them. Addresses on a page then end in ``?away``, so that the page itself changes
when the pictures have come.

``<query>`` is ``r17`` for row 17, or a token from `app.asked`.
"""

from __future__ import annotations

from starlette.routing import Route

from app.routes.addresses import (
    AWAY,
    base_path,
    colours_url,
    disk_url,
    fixed_url,
    gallery_url,
    picture_url,
)
from app.routes.cards import card, colours
from app.routes.modules import module
from app.routes.pictures import SIZES, picture, tile
from app.routes.tensors import around, points, umap

__all__ = [
    "AWAY",
    "SIZES",
    "base_path",
    "colours_url",
    "disk_url",
    "fixed_url",
    "gallery_url",
    "picture_url",
    "routes",
]


def routes() -> list[Route]:
    """The routes the app adds to Streamlit's own. The first that fits an address answers it."""
    gallery = f"{base_path()}/gallery/{{version}}"
    table = {
        f"{gallery}/tile/{{number}}.webp": tile,
        f"{gallery}/{{kind}}/{{row}}.webp": picture,
        f"{gallery}/points.safetensors": points,
        f"{gallery}/umap.safetensors": umap,
        f"{gallery}/around/{{query}}.safetensors": around,
        f"{gallery}/card/{{row}}.json": card,
        f"{gallery}/colours/{{level:path}}/{{theme}}.json": colours,
        f"{base_path()}/disk/{{version}}/{{name:path}}": module,
    }
    return [Route(path, answer, methods=["GET"]) for path, answer in table.items()]

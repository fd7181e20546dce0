"""`--memory` of the commands that draw samples."""

from typing import Annotated

import tyro
from msgspec import Meta

Memory = Annotated[float, Meta(ge=0, le=2**20), tyro.conf.arg(metavar="GIB")]

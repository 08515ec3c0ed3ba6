"""AstroSeq's entry: the landing page."""

from astroseq_core.ui import landing, page

page.setup("Welcome")
with page.sentences():
    landing.show()

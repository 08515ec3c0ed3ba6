"""Keys of the vetting page that Streamlit has no word for: into the note and out of it; and which presses count.

Streamlit takes a press for the button that is there, whether or not its star has been painted, and ends the drawing that is
under way for it. So the browser passes on a verdict's key only where the star of these buttons has been on the screen for a
moment, once for each showing of a star, and never one that repeats because it is held down.
"""

import streamlit as st

#: The note's field stands in a container of this key.
NOTE = "vet note"
#: A star must have been painted for so long [ms] before a verdict's key counts; nobody reads faster.
LEAST_MS = 300
#: Where a star is still there so long [ms] after its key, the press was lost on the way, and another one is let through. (Should
#: both arrive, the store keeps one verdict for each showing.)
AGAIN_MS = 1500
#: Runs once in a window. Nothing of a star or a catalogue goes into it.
_SCRIPT = """<script>
(() => {
  if (window.astroseqVetKeys) return;
  window.astroseqVetKeys = true;
  const VERDICTS = "pfau", LEAST_MS = %d, AGAIN_MS = %d;
  let token = "", since = 0, taken = "", takenAt = 0;
  const note = () => document.querySelector(".st-key-vet-note textarea");
  const painted = () => {
    const name = document.querySelector(".st-key-vet-header h3");
    const star = name ? name.innerText.trim() : "";
    const curve = document.querySelector('[aria-label^="Light curve of "]');
    const panels = document.querySelector('[aria-label^="Folds, odd and even"]');
    if (!star || !curve || !curve.querySelector(".main-svg")) return false;
    return curve.getAttribute("aria-label").startsWith(`Light curve of ${star} `)
      && (!panels || panels.getAttribute("aria-label").endsWith(` of ${star}`));
  };
  const look = () => {
    const button = document.querySelector('[class*="st-key-vote-UNSURE-"]');
    const found = button ? [...button.classList].find((c) => c.startsWith("st-key-vote-UNSURE-")) : "";
    if (found !== token) { token = found; since = 0; }
    // Without figures (a star that cannot be opened, the second tab) there is nothing to wait for but the buttons.
    const bare = !document.querySelector('[aria-label^="Light curve of "]');
    if (token && !since && (bare || painted())) since = performance.now();
  };
  setInterval(look, 50);
  window.addEventListener("keydown", (e) => {
    const field = note();
    if (!field && !document.querySelector('[class*="st-key-vote-UNSURE-"]')) return;
    if (field && e.target === field) {
      // Streamlit keeps the note when it is left; a field that stays in focus would swallow the next verdict.
      if (e.key === "Escape" || (e.key === "Enter" && (e.ctrlKey || e.metaKey))) setTimeout(() => field.blur(), 0);
      return;
    }
    if (e.target.closest && e.target.closest("input, textarea, [contenteditable=true]")) return;
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const key = e.key.toLowerCase();
    const drop = () => { e.stopImmediatePropagation(); e.preventDefault(); };
    if (e.repeat && (key.length === 1 || key.startsWith("arrow"))) { drop(); return; }
    if (key.length === 1 && VERDICTS.includes(key)) {
      look();
      const now = performance.now();
      const used = token === taken && now - takenAt < AGAIN_MS;
      if (!token || used || !since || now - since < LEAST_MS) { drop(); return; }
      taken = token;
      takenAt = performance.now();
    }
    if (key === "n" && field) { e.preventDefault(); field.focus(); }
  }, true);
  window.addEventListener("click", (e) => {
    // Arrow keys are for the queue, not for the tab that was clicked last.
    const tab = e.target.closest && e.target.closest('[role="tab"]');
    if (tab && note()) setTimeout(() => tab.blur(), 0);
  }, true);
})();
</script>"""


def listen() -> None:
    """Have the browser listen for them."""
    st.html(_SCRIPT % (LEAST_MS, AGAIN_MS), unsafe_allow_javascript=True)

// Streamlit adds an entry to the browser's history for every change of the address. Here a change
// of nothing but REPLACING parameters replaces the current entry, as does the first full address in
// place of one without REQUIRED; the back button then leads to the former query, not to each pan.
(() => {
  const replacing = new Set(REPLACING);
  const { pushState, replaceState } = History.prototype;
  history.pushState = function (state, title, url) {
    const now = new URL(location.href);
    const next = new URL(url ?? "", now);
    const names = new Set([...now.searchParams.keys(), ...next.searchParams.keys()]);
    const changed = [...names].filter(
      (name) => now.searchParams.get(name) !== next.searchParams.get(name),
    );
    const minor = !now.searchParams.has(REQUIRED) || changed.every((name) => replacing.has(name));
    const write = now.pathname === next.pathname && minor ? replaceState : pushState;
    write.call(this, state, title, url);
  };
})();

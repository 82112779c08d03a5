// Before anything is painted: the theme that somebody chose on this page, so that it does not flash in the other one.
const chosen = localStorage.getItem('roundhouse-theme');
if (chosen !== null) document.documentElement.dataset.theme = chosen;

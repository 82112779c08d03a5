// Runs before the page is painted: sets the theme chosen on this page, so that it does not flash in the other one.
const chosen = localStorage.getItem('roundhouse-theme');
if (chosen !== null) document.documentElement.dataset.theme = chosen;

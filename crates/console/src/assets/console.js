'use strict';
// What pages do besides what they do without a script: keys, a line that says what is new, copying
// a link. Text goes in through textContent only.

const rows = () => [...document.querySelectorAll('table.rows tbody tr[data-row]')];
let current = -1;

function select(index) {
  const all = rows();
  if (all.length === 0) return;
  current = Math.max(0, Math.min(index, all.length - 1));
  all.forEach((row, place) => row.classList.toggle('current', place === current));
  const link = all[current].querySelector('a.open');
  link.focus({ preventScroll: true });
  all[current].scrollIntoView({ block: 'nearest' });
}

function isTyping(target) {
  return target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName)
    || (target.tagName === 'INPUT' && !['radio', 'checkbox', 'submit'].includes(target.type));
}

function decide() {
  const row = rows()[current];
  const button = (row || document).querySelector('button.decide:not([disabled])');
  if (button) button.click();
}

function choose(number) {
  const radio = document.querySelectorAll('#decision input[name=outcome]')[number - 1];
  if (!radio) return;
  radio.checked = true;
  radio.focus();
}

const keys = {
  j: () => select(current + 1),
  k: () => select(current - 1),
  o: () => { const row = rows()[current]; if (row) row.querySelector('a.open').click(); },
  d: decide,
  n: () => { const note = document.getElementById('note'); if (note) note.focus(); },
  r: () => location.reload(),
  c: () => { const copy = document.querySelector('button.copy'); if (copy) copy.click(); },
  '/': () => { const search = document.getElementById('search'); if (search) search.focus(); },
  '?': () => document.getElementById('keys').showModal(),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape' && isTyping(event.target)) { event.target.blur(); return; }
  if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
  if (/^[1-6]$/.test(event.key) && document.getElementById('decision')) {
    event.preventDefault();
    choose(Number(event.key));
    return;
  }
  const action = keys[event.key];
  if (action) { event.preventDefault(); action(); }
});

document.addEventListener('focusin', (event) => {
  const row = event.target.closest('tr[data-row]');
  const place = row ? rows().indexOf(row) : -1;
  if (place >= 0 && place !== current) {
    current = place;
    rows().forEach((other, index) => other.classList.toggle('current', index === place));
  }
});

document.addEventListener('click', (event) => {
  const sure = event.target.closest('[data-confirm]');
  if (sure && !window.confirm(sure.dataset.confirm)) event.preventDefault();
});

for (const copy of document.querySelectorAll('button.copy')) {
  if (!navigator.clipboard) continue;
  copy.hidden = false;
  const words = copy.textContent;
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(location.origin + copy.dataset.copy);
      copy.textContent = copy.dataset.done;
      setTimeout(() => { copy.textContent = words; }, 2000);
    } catch { /* The browser does not allow it; the address bar has the link too. */ }
  });
}

// Rows never move by themselves: what is new is told, and `r` loads it.
const fresh = document.getElementById('new');
if (fresh && fresh.dataset.after !== '0') {
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch('/changes?after=' + encodeURIComponent(fresh.dataset.after));
      if (!answer.ok) return;
      const { opened, text } = await answer.json();
      fresh.hidden = opened === 0;
      if (opened > 0 && fresh.textContent !== text) fresh.textContent = text;
    } catch { /* The console is away for a moment; the next question may be answered. */ }
  };
  setInterval(ask, 10000);
}

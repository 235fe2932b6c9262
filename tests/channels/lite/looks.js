// What is wrong with the page that is open, as a list of words.
({target, contrast}) => {
  const shown = what => [...document.querySelectorAll(what)].filter(e => e.checkVisibility());
  const found = [];

  // too small to press; a link inside a sentence may be as high as its line
  const inText = 'p a, dd a, footer a, .points a';
  for (const e of shown('a[href], button, input:not([type=hidden]), select, summary')) {
    const {width, height} = e.getBoundingClientRect();
    if (e.closest('.skip') || e.matches(inText) && !e.matches('.after a, .more a, .tabs a, .again a')) continue;
    if (height < target || width < target) {
      found.push(`small: ${Math.round(width)}x${Math.round(height)} ${e.outerHTML.slice(0, 80)}`);
    }
  }

  // too faint to read: relative luminance and contrast as WCAG 2 has them
  const numbers = colour => (colour.match(/[\d.]+/g) || []).map(Number);
  const part = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  // every colour that may lie behind: of a gradient each of its ends
  const grounds = e => {
    for (const found = []; ; e = e.parentElement) {
      if (!e) return [...found, [255, 255, 255]];
      const style = getComputedStyle(e);
      const ends = (style.backgroundImage.match(/rgba?\([^)]*\)/g) || []).map(numbers);
      found.push(...ends.filter(c => c.length === 3 || c[3] === 1));
      const colour = numbers(style.backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return [...found, colour];
    }
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility() || e.closest('svg, noscript, script, template')) continue;
    const ink = light(numbers(getComputedStyle(e).color));
    for (const ground of grounds(e).map(light)) {
      const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
      if (ratio < contrast) found.push(`faint: ${ratio.toFixed(2)} ${n.data.trim().slice(0, 40)}`);
    }
  }

  // without a name for who cannot see it
  const named = e => {
    if (e.labels?.length) return [...e.labels].some(l => l.textContent.trim());
    return e.textContent.trim() || e.getAttribute('aria-label')?.trim();
  };
  for (const e of shown('input:not([type=hidden]), select, button, a[href], svg[role=img], nav')) {
    if (!named(e) && !(e.tagName === 'NAV')) found.push(`unnamed: ${e.outerHTML.slice(0, 80)}`);
  }
  for (const e of shown('svg:not([role=img])')) {
    if (e.getAttribute('aria-hidden') !== 'true') found.push(`unnamed: ${e.outerHTML.slice(0, 80)}`);
  }

  // what refers to something that is not there, or to two things
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  ids.filter((id, at) => ids.indexOf(id) !== at).forEach(id => found.push(`twice: ${id}`));
  for (const name of ['for', 'aria-describedby', 'aria-labelledby']) {
    for (const e of document.querySelectorAll(`[${name}]`)) {
      for (const id of e.getAttribute(name).split(' ')) {
        if (!ids.includes(id)) found.push(`refers to nothing: ${name}=${id}`);
      }
    }
  }

  // the language, the direction, a title, one main part, one first heading and none skipped
  const root = document.documentElement;
  if (!/^[a-z]{2,3}$/.test(root.lang)) found.push(`no language: ${root.lang}`);
  if (!['ltr', 'rtl'].includes(root.dir)) found.push(`no direction: ${root.dir}`);
  if (!document.title.trim()) found.push('no title');
  if (shown('main').length !== 1) found.push('not one main part');
  if (shown('h1').length !== 1) found.push('not one heading');
  let level = 0;
  for (const e of shown('h1, h2, h3')) {
    if (+e.tagName[1] > level + 1) found.push(`heading skipped: ${e.textContent.slice(0, 40)}`);
    level = +e.tagName[1];
  }

  // the keyboard goes through it as the eye does: nobody jumps the queue, and none that is next stands higher
  if (document.querySelector('[tabindex]:not([tabindex="-1"]):not([tabindex="0"])')) found.push('queue jumped');
  let above = -Infinity;
  for (const e of shown('main a[href], main button, main input:not([type=hidden]), main select, main summary')) {
    const {top, bottom} = e.getBoundingClientRect();
    if (bottom <= above) found.push(`out of order: ${e.outerHTML.slice(0, 60)}`);
    above = top;
  }
  for (const e of shown('input[type=password], input[inputmode=numeric], input[type=tel]')) {
    if (!e.autocomplete) found.push(`no autocomplete: ${e.id}`);
  }

  const over = root.scrollWidth - root.clientWidth;
  if (over > 0) found.push(`hangs over by ${over}`);
  // a text that is wider than its box would be cut off or run out of it
  for (const e of shown('main *, header *')) {
    if (e.closest('svg, .off, .skip') || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth && getComputedStyle(e).display !== 'inline') {
      found.push(`runs out by ${e.scrollWidth - e.clientWidth}: ${e.outerHTML.slice(0, 60)}`);
    }
  }
  return found;
}

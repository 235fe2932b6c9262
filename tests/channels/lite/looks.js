// What is wrong with the page that is open, as a list of words.
({target, contrast}) => {
  const shown = what => [...document.querySelectorAll(what)].filter(e => e.checkVisibility());
  const found = [];

  // too small to press; a link inside a sentence may be as high as its line
  const inText = 'p a, dd a, footer a, .points a';
  for (const e of shown('a[href], button, input:not([type=hidden]), select, summary')) {
    const {width, height} = e.getBoundingClientRect();
    if (e.closest('.skip') || e.matches(inText) && !e.matches('.after a, .more a, .tabs a')) continue;
    if (height < target || width < target) {
      found.push(`small: ${Math.round(width)}x${Math.round(height)} ${e.outerHTML.slice(0, 80)}`);
    }
  }

  // too faint to read: relative luminance and contrast as WCAG 2 has them
  const numbers = colour => (colour.match(/[\d.]+/g) || []).map(Number);
  const part = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility() || e.closest('svg, noscript, script')) continue;
    const lights = [light(numbers(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    if (ratio < contrast) found.push(`faint: ${ratio.toFixed(2)} ${n.data.trim().slice(0, 40)}`);
  }

  // without a name for who cannot see it
  for (const e of shown('input:not([type=hidden]), select, button, a[href], svg[role=img]')) {
    if (e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label')) continue;
    found.push(`unnamed: ${e.outerHTML.slice(0, 80)}`);
  }

  const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (over > 0) found.push(`hangs over by ${over}`);
  if (shown('h1').length !== 1) found.push('not one heading');
  return found;
}

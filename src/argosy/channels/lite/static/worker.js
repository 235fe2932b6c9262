// Keeps the app on the device: its files for good, and the pages that ask for it, to show them where there
// is no connection, and at once where the page says for how long. What was sent and got no answer leads to a
// page that asks what became of it.
const NAME = '{{name}}', FILES = {{files}}, HEADS = {{heads}}, PAGES = 'pages', LINE = '/line';
const PATIENCE = 8000;

oninstall = e => e.waitUntil(caches.open(NAME).then(box => box.addAll(FILES)).then(() => skipWaiting()));
onactivate = e => e.waitUntil((async () => {
  // kept pages name the files that they were made with
  for (const name of await caches.keys()) if (name !== NAME) await caches.delete(name);
  await clients.claim();
})());

const keep = async (path, answer) => {
  const headers = new Headers({'x-at': Date.now()});
  for (const name of ['content-type', 'content-security-policy', 'x-keep']) {
    headers.set(name, answer.headers.get(name));
  }
  const text = (await answer.text()).replace('<html', '<html data-kept');
  await (await caches.open(PAGES)).put(path, new Response(text, {headers}));
};
const kept = async path => (await caches.open(PAGES)).match(path);
const forget = () => caches.delete(PAGES);
const file = async request => {
  const found = await caches.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(NAME)).put(request, answer.clone());
  return answer;
};
const seconds = (answer, name) => +answer.headers.get(name);

// money may have moved: the home page is asked for again before it is shown
const age = async () => {
  const home = await kept('/');
  if (!home) return;
  const headers = new Headers(home.headers);
  headers.set('x-keep', 0);
  await (await caches.open(PAGES)).put('/', new Response(await home.text(), {headers}));
};

const noLine = async id => {
  const page = await kept(LINE);
  if (!page) return Response.error();
  if (!id) return page;
  const text = (await page.text()).replace('<html', `<html data-begun="${encodeURIComponent(id)}"`);
  return new Response(text, {headers: page.headers});
};

const fresh = async (request, path, old) => {
  const answer = await fetch(request);
  if (answer.ok && answer.headers.has('x-keep')) await keep(path, answer.clone());
  else if (answer.type === 'opaqueredirect' ? old : answer.ok && path === '/') await forget();
  return answer;
};

const page = async (request, path) => {
  const old = await kept(path);
  if (old && Date.now() - seconds(old, 'x-at') < seconds(old, 'x-keep') * 1000) return old;
  const asked = fresh(request, path, old);
  if (!old) return asked.catch(() => noLine());
  return Promise.race([asked, new Promise(yes => setTimeout(yes, PATIENCE, old))]).catch(() => old);
};

const sent = async (request, path) => {
  const form = /urlencoded/.test(request.headers.get('content-type')) && request.clone();
  try {
    const answer = await fetch(request);
    await (/^\/(out|enter|language|market|me\/close)/.test(path) ? forget() : age());
    return answer;
  } catch {
    await age();
    return noLine(form && new URLSearchParams(await form.text()).get('id'));
  }
};

onfetch = e => {
  const {request} = e, {origin, pathname, search} = new URL(request.url), path = pathname + search;
  if (origin !== location.origin) return;
  if (request.method === 'POST') {
    if (request.mode === 'navigate') e.respondWith(sent(request, path));
    else e.waitUntil(age());
  } else if (pathname.startsWith('/-/')) {
    e.respondWith(file(request));
  } else if (request.headers.has('x-fresh')) {
    e.respondWith(fresh(request, path));
  } else if (request.mode === 'navigate' && HEADS.includes(pathname.split('/')[1])) {
    e.respondWith(page(request, path));
  }
};

onpush = e => {
  const {id, title, body} = e.data.json();
  e.waitUntil(registration.showNotification(title, {body, tag: id, icon: FILES.find(f => f.endsWith('svg'))}));
};
onnotificationclick = e => {
  e.notification.close();
  e.waitUntil(clients.openWindow('/messages'));
};

onmessage = e => e.waitUntil((async () => {
  for (const path of e.data) {
    if (await kept(path)) continue;
    const answer = await fetch(path, {headers: {accept: 'text/html'}, redirect: 'manual'}).catch(() => 0);
    if (answer && answer.ok && answer.headers.has('x-keep')) await keep(path, answer);
  }
})());

/**
 * The widget's looks. A page restyles it with custom properties on chat-widget:
 *   --chat-accent --chat-on-accent   button, header and the customer's own messages; keep 4.5:1 between the two
 *   --chat-surface --chat-text       the window
 *   --chat-assistant --chat-agent    background of their messages
 *   --chat-font --chat-font-size     16px or more, or iOS zooms in on the field
 *   --chat-radius --chat-width --chat-height --chat-button-size --chat-offset-x --chat-offset-y --chat-z-index
 * and with ::part(): button badge panel header bar message message-customer message-assistant message-agent
 * message-system bubble picture reply retry banner notice composer field send.
 */
const OUT_OF_SIGHT = `
  position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; border: 0;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap;
`;

const COLOURS = `
  :host {
    --_accent: var(--chat-accent, #0f5f78);
    --_on-accent: var(--chat-on-accent, #ffffff);
    --_accent-ink: var(--_accent);
    --_surface: var(--chat-surface, #ffffff);
    --_text: var(--chat-text, #18222d);
    --_muted: #526071;
    --_assistant: var(--chat-assistant, #e9edf1);
    --_agent: var(--chat-agent, #fcecc9);
    --_on-agent: var(--chat-text, #18222d);
    --_line: #d7dee5;
    --_control: #7b8897;
    --_danger: #a8201a;
    --_warning: #fcecc9;
    --_on-warning: #3d2c00;
    --_focus: #1556d0;
    --_shadow: 0 1px 2px rgb(0 0 0 / 0.12), 0 12px 32px rgb(9 30 27 / 0.22);
  }
  @media (prefers-color-scheme: dark) {
    :host {
      --_accent-ink: color-mix(in oklab, var(--_accent), white 62%);
      --_surface: var(--chat-surface, #161c23);
      --_text: var(--chat-text, #e9eef3);
      --_muted: #a4b0bd;
      --_assistant: var(--chat-assistant, #27313c);
      --_agent: var(--chat-agent, #4a3a12);
      --_on-agent: var(--chat-text, #fbf1d8);
      --_line: #36424f;
      --_control: #8290a0;
      --_danger: #ffaaa0;
      --_warning: #4a3a12;
      --_on-warning: #fbf1d8;
      --_focus: #9cc2ff;
      --_shadow: 0 0 0 1px #36424f, 0 12px 32px rgb(0 0 0 / 0.6);
    }
  }
`;

const BASE = `
  :host {
    all: initial;
    display: contents;
    color-scheme: light dark;
    --_font: var(--chat-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif);
    --_size: var(--chat-font-size, 16px);
    --_radius: var(--chat-radius, 16px);
    --_button: var(--chat-button-size, 60px);
    --_x: calc(var(--chat-offset-x, 20px) + env(safe-area-inset-right, 0px));
    --_y: calc(var(--chat-offset-y, 20px) + env(safe-area-inset-bottom, 0px));
    --_z: var(--chat-z-index, 2147483000);
  }
  :host([hidden]), [hidden] { display: none !important; }
  @media print { :host { display: none; } }
  *, *::before, *::after { box-sizing: border-box; }
  button, textarea, .panel, .launcher { font: 400 var(--_size) / 1.45 var(--_font); letter-spacing: normal; }
  button, a.reply { cursor: pointer; -webkit-tap-highlight-color: transparent; touch-action: manipulation; }
  p, h2, ol { margin: 0; padding: 0; }
  :focus { outline: none; }
  :focus-visible { outline: 3px solid var(--_focus); outline-offset: 2px; }
  .icon { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
  .out-of-sight { ${OUT_OF_SIGHT} }
`;

const LAUNCHER = `
  .launcher {
    position: fixed; right: var(--_x); bottom: var(--_y); z-index: var(--_z);
    width: var(--_button); height: var(--_button); padding: 0; border: 0; border-radius: 50%;
    display: grid; place-items: center;
    color: var(--_on-accent); background: var(--_accent);
    box-shadow: 0 1px 3px rgb(0 0 0 / 0.25), 0 6px 18px rgb(9 30 27 / 0.28);
  }
  .launcher:hover { filter: brightness(1.12); }
  .launcher:focus-visible { outline-offset: 3px; box-shadow: 0 0 0 3px #ffffff; }
  .launcher .icon { grid-area: 1 / 1; width: 30px; height: 30px; }
  .launcher .icon-chat { fill: currentColor; stroke: none; }
  .launcher[aria-expanded="true"] .icon-chat, .launcher[aria-expanded="false"] .icon-down { display: none; }
  .launcher + .out-of-sight { position: fixed; bottom: 0; right: 0; }
  .badge {
    position: absolute; top: -4px; right: -4px; min-width: 24px; height: 24px; padding: 0 6px;
    border: 2px solid #ffffff; border-radius: 12px; font: 700 13px / 20px var(--_font); text-align: center;
    color: #ffffff; background: #b3211b;
  }
`;

const PANEL = `
  .panel {
    position: fixed; inset: auto; right: var(--_x); bottom: calc(var(--_y) + var(--_button) + 12px); z-index: var(--_z);
    width: min(var(--chat-width, 392px), calc(100vw - 2 * var(--chat-offset-x, 20px)));
    height: min(var(--chat-height, 640px), calc(100dvh - var(--_y) - var(--_button) - 32px));
    max-width: none; max-height: none; margin: 0; padding: 0; border: 0; border-radius: var(--_radius); overflow: hidden;
    color: var(--_text); background: var(--_surface); box-shadow: var(--_shadow);
  }
  .panel[open] { display: flex; flex-direction: column; }
  .panel::backdrop { background: none; }
  .header {
    display: flex; align-items: center; gap: 8px; flex: none; padding: 12px 8px 12px 18px;
    color: var(--_on-accent); background: var(--_accent);
  }
  .names { flex: 1; min-width: 0; }
  .heading { font-size: 1.0625em; font-weight: 650; line-height: 1.3; overflow-wrap: anywhere; }
  .who { font-size: 0.875em; line-height: 1.35; overflow-wrap: anywhere; }
  .close {
    flex: none; display: grid; place-items: center; width: 44px; height: 44px; padding: 0; border: 0; border-radius: 50%;
    color: inherit; background: none;
  }
  .close:hover { background: rgb(255 255 255 / 0.16); }
  .header :focus-visible { outline-color: var(--_on-accent); outline-offset: -3px; }
  .bar { display: none; }
  .bar.shown {
    display: flex; align-items: center; justify-content: space-between; gap: 12px; flex: none;
    min-height: 44px; padding: 4px 8px 4px 18px; font-size: 0.875em;
    color: var(--_on-warning); background: var(--_warning);
  }
  .banner {
    flex: none; max-height: 40%; padding: 10px 18px; overflow-y: auto; font-size: 0.9375em; font-weight: 550; line-height: 1.4;
    white-space: pre-wrap; overflow-wrap: anywhere; color: var(--_on-warning); background: var(--_warning); border-bottom: 1px solid var(--_line);
  }
  .banner:empty { display: none; }
  .banner a { color: inherit; text-decoration: underline; text-underline-offset: 2px; }
  .notice { flex: none; padding: 10px 18px; font-size: 0.875em; color: var(--_danger); border-top: 1px solid var(--_line); }
  .notice:empty { display: none; }
  @media (max-width: 480px), (max-height: 420px) {
    .panel {
      inset: var(--_sheet-top, 0px) 0 auto 0; width: 100%; height: var(--_sheet-height, 100dvh); border-radius: 0; box-shadow: none;
    }
    .header { padding: calc(8px + env(safe-area-inset-top, 0px)) 8px 8px 18px; }
    .composer { padding-bottom: calc(10px + env(safe-area-inset-bottom, 0px)); }
  }
`;

const LOG = `
  .middle { position: relative; flex: 1; min-height: 0; display: flex; }
  .log {
    position: relative; flex: 1; min-width: 0; overflow: hidden auto; overscroll-behavior: contain; padding: 16px;
    scrollbar-width: thin; scrollbar-color: var(--_control) transparent;
  }
  .log:focus-visible { outline-offset: -3px; }
  .messages { list-style: none; }
  .message { position: relative; display: flex; flex-direction: column; align-items: flex-start; margin-top: 4px; }
  .message[data-first="true"] { margin-top: 16px; }
  .bubble {
    max-width: 86%; padding: 9px 14px; border-radius: 4px 16px 16px 16px;
    white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext;
    color: var(--_text); background: var(--_assistant);
  }
  .picture {
    max-width: 86%; max-height: 260px; margin-bottom: 4px; border-radius: 12px; object-fit: contain;
    font-size: 0.875em; color: var(--_muted); background: var(--_assistant);
  }
  .bubble a { color: inherit; text-decoration: underline; text-underline-offset: 2px; }
  .message[data-sender="agent"] .bubble { color: var(--_on-agent); background: var(--_agent); }
  .message[data-sender="customer"] { align-items: flex-end; }
  .message[data-sender="customer"] .bubble { border-radius: 16px 4px 16px 16px; color: var(--_on-accent); background: var(--_accent); }
  .message[data-sender="customer"] .bubble a:focus-visible { outline-color: currentColor; }
  .message[data-sender="customer"]:not([data-state="sent"]) .bubble { opacity: 0.86; }
  .message[data-sender="system"] { align-items: center; margin-top: 16px; }
  .message[data-sender="system"] .bubble { padding: 0 8px; font-size: 0.875em; text-align: center; color: var(--_muted); background: none; }
  .head { padding: 0 2px 4px; font-size: 0.8125em; color: var(--_muted); }
  .name { font-weight: 600; }
  .message[data-first="false"] .head, [data-sender="system"] .head, [data-sender="customer"] .name { ${OUT_OF_SIGHT} }
  .state { padding: 2px 2px 0; font-size: 0.8125em; color: var(--_muted); text-align: end; }
  .message[data-state="sent"]:has(~ .message) .state { display: none; }
  .message[data-state="failed"] .state { color: var(--_danger); font-weight: 600; }
  .retry {
    min-height: 44px; padding: 0 10px; border: 0; border-radius: 10px; font-size: inherit; font-weight: 600; text-decoration: underline;
    text-underline-offset: 3px; white-space: nowrap; color: inherit; background: none;
  }
  .replies { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
  .reply {
    display: inline-flex; align-items: center; min-height: 44px; max-width: 100%; padding: 8px 16px; border: 1.5px solid var(--_accent-ink);
    border-radius: 22px; font: 550 0.9375em / 1.3 var(--_font); text-align: start; text-decoration: none; overflow-wrap: anywhere;
    color: var(--_accent-ink); background: var(--_surface);
  }
  .reply:hover { color: var(--_surface); background: var(--_accent-ink); }
  .reply-link::after { content: "↗" / ""; margin-inline-start: 6px; }
  .typing { display: flex; gap: 5px; width: fit-content; margin-top: 12px; padding: 14px; border-radius: 4px 16px 16px 16px; background: var(--_assistant); }
  .dot { width: 8px; height: 8px; border-radius: 50%; background: var(--_muted); }
  .new-messages {
    position: absolute; left: 50%; bottom: 10px; transform: translateX(-50%); min-height: 44px; padding: 0 18px; border: 0; border-radius: 22px;
    font-size: 0.9375em; font-weight: 600; white-space: nowrap; color: var(--_on-accent); background: var(--_accent); box-shadow: var(--_shadow);
  }
`;

const COMPOSER = `
  .composer { display: grid; grid-template-columns: 1fr auto; gap: 4px 8px; align-items: end; flex: none; padding: 10px; border-top: 1px solid var(--_line); }
  .field {
    min-width: 0; min-height: 44px; margin: 0; padding: 9px 14px; border: 1.5px solid var(--_control); border-radius: 22px; resize: none;
    font-size: max(16px, var(--_size)); color: var(--_text); background: var(--_surface); scrollbar-width: thin; overflow-wrap: anywhere;
  }
  .field::placeholder { color: var(--_muted); opacity: 1; }
  .field:focus-visible { outline-offset: 0; outline-width: 2px; border-color: var(--_focus); }
  .field[aria-invalid="true"] { border-color: var(--_danger); }
  .send { display: grid; place-items: center; width: 44px; height: 44px; padding: 0; border: 0; border-radius: 50%; color: var(--_on-accent); background: var(--_accent); }
  .send:hover { filter: brightness(1.12); }
  .counter { grid-column: 1; padding: 0 14px; font-size: 0.8125em; color: var(--_muted); }
  .counter.over { color: var(--_danger); font-weight: 600; }
`;

const MOTION = `
  @media (prefers-reduced-motion: no-preference) {
    .panel[open] { animation: appear 160ms ease-out; }
    .dot { animation: dot 1.2s infinite ease-in-out; }
    .dot-2 { animation-delay: 0.15s; }
    .dot-3 { animation-delay: 0.3s; }
    /* A message that is on its way for the usual few milliseconds says nothing about it. */
    [data-state="sending"] .state, [data-state="waiting"] .state, [data-state="behind"] .state { animation: late 700ms step-end; }
  }
  @keyframes appear { from { opacity: 0; transform: translateY(12px); } }
  @keyframes dot { 0%, 60%, 100% { transform: none; opacity: 0.55; } 30% { transform: translateY(-4px); opacity: 1; } }
  @keyframes late { from { visibility: hidden; } }
  @media (forced-colors: active) {
    .bubble, .panel, .typing, .badge, .launcher, .send, .new-messages, .bar, .close { border: 1px solid CanvasText; }
    .dot { background: CanvasText; }
  }
`;

/** One sheet for all elements; a constructed sheet also works under a CSP that forbids inline styles. */
export const styles = new CSSStyleSheet();
styles.replaceSync([BASE, COLOURS, LAUNCHER, PANEL, LOG, COMPOSER, MOTION].join("\n"));

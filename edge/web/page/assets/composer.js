// Composer is the foot of the page: the message box of someone with a name, or the
// question for a name of someone who only reads.

import { textMax } from './irc.js';
import { nickName } from './name.js';

const counterFrom = textMax - 100;

export class Composer {
  #sayForm;
  #nickForm;
  #message;
  #nick;
  #me;
  #send;
  #keep;
  #counter;
  #hint;
  #current = ''; // the name in use
  #asking = false; // for another name

  /**
   * find gives an element by id. actions.say(text) sends a line and gives why not,
   * or ''; actions.signOn(nick) takes a name.
   */
  constructor(find, actions) {
    this.#sayForm = find('say-form');
    this.#nickForm = find('nick-form');
    this.#message = find('message');
    this.#nick = find('nick');
    this.#me = find('me');
    this.#send = find('send');
    this.#keep = find('keep-name');
    this.#counter = find('counter');
    this.#hint = find('hint');
    this.#sayForm.addEventListener('submit', (event) => this.#saying(event, actions));
    this.#nickForm.addEventListener('submit', (event) => this.#naming(event, actions));
    this.#message.addEventListener('input', () => this.#count());
    this.#nick.addEventListener('keydown', (event) => event.key === 'Escape' && this.#keepName());
    this.#keep.addEventListener('click', () => this.#keepName());
    find('rename').addEventListener('click', () => this.#rename());
  }

  /** start takes a remembered nick and gives the login to begin with. */
  start(nick) {
    this.#current = nickName(nick);
    this.#draw();
    return this.#current;
  }

  /** show follows the session's nick and whether lines can be sent. */
  show({ nick, online }) {
    this.#current = nick;
    this.#send.disabled = !online;
    this.#draw();
  }

  /** hint says one short sentence above the box; '' takes it away. */
  hint(text) {
    this.#hint.textContent = text;
  }

  /** giveBack returns a line that was not said, unless another is being typed. */
  giveBack(text) {
    if (this.#message.value === '') this.#message.value = text;
    this.#count();
  }

  /** refuse asks again, for the server did not take nick. */
  refuse(nick) {
    this.#current = '';
    this.#draw();
    this.#nick.value = nick;
    this.hint(`The name ${nick} was not accepted. You are reading without one.`);
    this.#nick.focus();
  }

  /** focus goes to the box that is shown. */
  focus() {
    (this.#sayForm.hidden ? this.#nick : this.#message).focus();
  }

  #saying(event, { say }) {
    event.preventDefault();
    if (this.#message.value.trim() === '') return;
    const problem = say(this.#message.value);
    this.hint(problem);
    if (problem !== '') return;
    this.#message.value = '';
    this.#count();
  }

  #naming(event, { signOn }) {
    event.preventDefault();
    const nick = nickName(this.#nick.value);
    if (nick === '') {
      this.hint('A name has 1 to 25 letters, digits or underscores.');
      return;
    }
    this.hint('');
    this.#asking = false;
    if (nick !== this.#current) signOn(nick);
    this.#draw();
    this.focus();
  }

  #rename() {
    this.#asking = true;
    this.#nick.value = this.#current;
    this.#draw();
    this.#nick.focus();
    this.#nick.select();
  }

  #keepName() {
    if (!this.#asking) return;
    this.#asking = false;
    this.hint('');
    this.#draw();
    this.focus();
  }

  #count() {
    const length = [...this.#message.value].length;
    this.#counter.hidden = length < counterFrom;
    this.#counter.textContent = `${textMax - length}`;
    this.#counter.classList.toggle('over', length > textMax);
  }

  #draw() {
    const named = this.#current !== '' && !this.#asking;
    this.#me.textContent = this.#current;
    this.#sayForm.hidden = !named;
    this.#nickForm.hidden = named;
    this.#keep.hidden = !this.#asking;
  }
}

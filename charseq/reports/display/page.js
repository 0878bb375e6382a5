"use strict";
// Shows what the model expected at one character: the one under the mouse, tapped, or reached with arrow keys.
{
  const GAP = 8; // pixels between the panel and what it must not touch
  const panel = element("div", "panel");
  panel.setAttribute("role", "status");
  document.body.append(panel);
  let marked = null;
  hide();

  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".text")) hide();
  });
  for (const figure of document.querySelectorAll(".heat")) {
    const data = figure.querySelector("script");
    if (data) explain(figure.querySelector(".text"), data);
  }

  // Show details of the characters of `text`, which are its children; `data` has them as JSON.
  function explain(text, data) {
    const chars = text.children;
    let current = -1;
    let details, places; // read when first needed: there may be many

    function show(place) {
      details ??= JSON.parse(data.textContent);
      hide();
      current = place;
      marked = chars[place];
      marked.classList.add("current");
      panel.replaceChildren(...describe(details, place, marked.textContent));
      panel.hidden = false;
      putBeside(marked);
    }

    function showTarget(event) {
      places ??= new Map(Array.from(chars, (char, place) => [char, place]));
      const place = places.get(event.target.closest(".text > span"));
      if (place !== undefined && chars[place] !== marked) show(place);
    }

    function showNext(event) {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "Escape") hide();
      const place = move(chars, current, event.key);
      if (!(place in chars)) return;
      event.preventDefault(); // else the page would scroll
      chars[place].scrollIntoView({ block: "nearest" });
      show(place);
    }

    text.addEventListener("pointermove", (event) => event.pointerType === "mouse" && showTarget(event));
    text.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
    text.addEventListener("click", showTarget);
    text.addEventListener("keydown", showNext);
    text.addEventListener("blur", hide);
  }

  // Return the character that an arrow key leads to from the `current` one, which is -1 before there is one.
  function move(chars, current, key) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[key];
    if (!step) return undefined;
    if (current < 0) return 0;
    if (key === "ArrowUp" || key === "ArrowDown") return moveLine(chars, current, step);
    return current + step;
  }

  // Return the character below the current one, or above it (step -1), in the line next to its own.
  function moveLine(chars, current, step) {
    const start = chars[current].getBoundingClientRect();
    let line = start, nearest = current, distance = Infinity;
    for (let place = current + step; place in chars; place += step) {
      const box = chars[place].getBoundingClientRect();
      if (Math.abs(box.top - line.top) > box.height / 2) {
        if (line !== start) break;
        line = box;
      }
      const away = Math.abs(box.left + box.right - start.left - start.right);
      if (line !== start && away < distance) [nearest, distance] = [place, away];
    }
    return nearest;
  }

  // Return what the panel holds for the character at `place`.
  function describe(details, place, char) {
    const probability = details.probabilities[place], rank = details.ranks[place];
    const bits = probability > 0 ? (-Math.log2(probability)).toFixed(2) : "∞";
    const facts = element("dl");
    facts.append(element("dt", "", "probability"), element("dd", "", written(probability)));
    facts.append(element("dt", "", "bits"), element("dd", "", bits));
    facts.append(element("dt", "", "rank"), element("dd", "", rank || "not in the vocabulary"));
    const guesses = element("ol");
    for (const [k, token] of details.guesses[place].entries()) {
      const share = details.guess_probabilities[place][k];
      const guess = element("li", k + 1 === rank ? "right" : "");
      const box = element("span"), bar = element("span", "bar");
      bar.style.width = `${100 * share}%`;
      box.append(bar);
      guess.append(element("bdi", "", visible(details.vocab[token])), box);
      guess.append(element("span", "number", written(share)));
      guesses.append(guess);
    }
    return [element("bdi", "char", visible(char)), facts, guesses];
  }

  // Return a character as the panel shows it; for what does not print the page has an escape already.
  function visible(char) {
    return { " ": "␣", "\n": "\\n" }[char] ?? char.replace(/^\p{M}/u, "◌$&");
  }

  function written(probability) {
    return probability > 0 && probability < 0.0001 ? probability.toExponential(1) : probability.toFixed(4);
  }

  // Put the panel below a character, or above it where it does not fit, inside the window.
  function putBeside(char) {
    const box = char.getBoundingClientRect(), height = panel.offsetHeight;
    const left = Math.min(box.left, document.documentElement.clientWidth - panel.offsetWidth - GAP);
    const below = box.bottom + GAP, above = box.top - GAP - height;
    const top = below + height + GAP > window.innerHeight && above > 0 ? above : below;
    panel.style.left = `${Math.max(left, GAP)}px`;
    panel.style.top = `${window.scrollY + top}px`;
  }

  function hide() {
    marked?.classList.remove("current");
    marked = null;
    panel.hidden = true;
  }

  function element(tag, className = "", text = "") {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }
}

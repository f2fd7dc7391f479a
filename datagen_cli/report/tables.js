"use strict";
const fitTables = () => { // who goes by keys stops at a table only where there is something to scroll to
  for (const box of document.querySelectorAll(".scroll")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
addEventListener("resize", fitTables);
addEventListener("toggle", fitTables, true);
fitTables();

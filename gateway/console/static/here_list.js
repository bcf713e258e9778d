// The evacuation list: one button, for who has a script.

const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => print());

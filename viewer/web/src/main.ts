const page = document.querySelector("#page");
if (page === null) throw new Error("index.html has no #page");
page.textContent = "cairn";

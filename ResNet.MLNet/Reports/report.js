(function () {
  function value(row, column) {
    var cell = row.cells[column];
    var number = cell.getAttribute("data-value");
    return number === null ? cell.textContent : parseFloat(number);
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    var heads = Array.from(table.tHead.rows[0].cells);
    var body = table.tBodies[0];
    var rows = Array.from(body.rows);
    heads.forEach(function (head, column) {
      head.querySelector("button").addEventListener("click", function () {
        var falling = head.getAttribute("aria-sort") === "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", falling ? "descending" : "ascending");
        rows.slice().sort(function (a, b) {
          var first = value(a, column), second = value(b, column);
          var order = typeof first === "number" ? first - second : first.localeCompare(second);
          return falling ? -order : order;
        }).forEach(function (row) { body.appendChild(row); });
      });
    });
  });
})();

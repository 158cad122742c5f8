(function () {
  "use strict";
  var tag = document.currentScript, frame = document.createElement("iframe");
  frame.src = "{{ frame|escapejs }}" + encodeURIComponent(tag.dataset.form) + (tag.dataset.lang ? "?lang=" + encodeURIComponent(tag.dataset.lang) : "");
  frame.title = tag.dataset.title || document.title;
  frame.style.cssText = "border:0;width:100%;height:32rem";
  window.addEventListener("message", function (event) {
    if (event.source === frame.contentWindow && event.data && event.data.troth === "height") frame.style.height = event.data.height + "px";
  });
  tag.parentNode.insertBefore(frame, tag);
})();

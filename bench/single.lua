-- Single Vero events of random people; every event is new, so none is a duplicate.
local counter = 0
local thread_number = 0
function setup(thread) thread:set("number", thread_number); thread_number = thread_number + 1 end
function init(args)
  math.randomseed(os.time() + number)
  token, people, pause = args[1], tonumber(args[2]), tonumber(args[3] or "0")
  run = tostring(os.time()) .. "-" .. number
end
function delay() return pause end
function request()
  counter = counter + 1
  local body = string.format('{"auth_token":"%s","identity":{"id":"person-%d"},"event_name":"Viewed product","data":{"product":"Red T-shirt","price":19.9,"view":"%s-%d"}}',
    token, math.random(people), run, counter)
  return wrk.format("POST", "/api/v2/events/track", {["Content-Type"] = "application/json"}, body)
end

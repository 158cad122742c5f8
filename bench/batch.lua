-- Segment batches of 100 events of random people, every messageId new.
local counter = 0
local thread_number = 0
function setup(thread) thread:set("number", thread_number); thread_number = thread_number + 1 end
function init(args)
  math.randomseed(os.time() + number)
  key, people = args[1], tonumber(args[2])
  run = tostring(os.time()) .. "-" .. number
  head = '{"writeKey":"' .. key .. '","sentAt":"2026-11-23T15:22:18.347Z","batch":['
end
function request()
  counter = counter + 1
  local parts = {}
  for i = 1, 100 do
    parts[i] = '{"type":"track","userId":"person-' .. math.random(people) .. '","event":"Viewed product","properties":{"product":"Red T-shirt","price":19.9},' ..
      '"timestamp":"2026-11-23T15:22:18.347Z","messageId":"' .. run .. '-' .. counter .. '-' .. i .. '"}'
  end
  return wrk.format("POST", "/v1/batch", {["Content-Type"] = "application/json"}, head .. table.concat(parts, ",") .. ']}')
end

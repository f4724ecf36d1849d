-- Wireshark dissector of the metering protocol (wire-protocol.md). Made from the table of messages: do not edit.
-- wireshark -X lua_script:meterproof.lua, or put it into the folder of personal Lua plugins.
local PROTOCOL_VERSION = 1
local MAX_LENGTH = { client = 65536, server = 1048576 }
local PIPE_PORT, SHARE_PORT = 7230, 7280
local TYPE_NAMES = {
  [0x01] = "hello",
  [0x02] = "request-use",
  [0x03] = "live-status",
  [0x04] = "release",
  [0x05] = "get-configuration",
  [0x06] = "bye",
  [0x07] = "check-out",
  [0x08] = "check-in",
  [0x09] = "request-callback",
  [0x81] = "welcome",
  [0x82] = "login-refused",
  [0x83] = "granted",
  [0x84] = "denied",
  [0x85] = "busy",
  [0x86] = "live-ack",
  [0x87] = "released",
  [0x88] = "configuration",
  [0x89] = "checked-out",
  [0x8a] = "checked-in",
  [0x8b] = "callback-registered",
  [0x8c] = "callback",
  [0x8d] = "configuration-part",
  [0xff] = "protocol-error",
}
local MESSAGES = {
  -- from the client: introduces the client; the first message on every connection
  [0x01] = { name = "hello", fields = {
    { name = "client", kind = "string", filter = "meterproof.hello.client", min = 1, max = 256 },
    { name = "user", kind = "string", filter = "meterproof.hello.user", min = 0, max = 256 },
    { name = "workstation", kind = "string", filter = "meterproof.hello.workstation", min = 0, max = 256 },
    { name = "build", kind = "string", filter = "meterproof.hello.build", min = 0, max = 256 },
    { name = "mode", kind = "choice", filter = "meterproof.hello.mode", names = { [1] = "online", [2] = "offline" } },
  } },
  -- from the client: asks for a licence to run a program
  [0x02] = { name = "request-use", fields = {
    { name = "program", kind = "string", filter = "meterproof.request_use.program", min = 1, max = 256 },
    { name = "originalName", kind = "string", filter = "meterproof.request_use.original_name", min = 0, max = 256 },
    { name = "version", kind = "string", filter = "meterproof.request_use.version", min = 0, max = 16384 },
  } },
  -- from the client: says that the client still runs, and which licences it holds from this server
  [0x03] = { name = "live-status", fields = {
    { name = "leases", kind = "list", filter = "meterproof.live_status.leases", max_count = 512, min = 1, max = 64 },
  } },
  -- from the client: gives a licence back
  [0x04] = { name = "release", fields = {
    { name = "lease", kind = "string", filter = "meterproof.release.lease", min = 1, max = 64 },
  } },
  -- from the client: asks for the configuration
  [0x05] = { name = "get-configuration", fields = {
  } },
  -- from the client: takes leave; not answered, the server ends the connection; leases stay
  [0x06] = { name = "bye", fields = {
  } },
  -- from the client: asks for a licence that may be used away from the network for a time
  [0x07] = { name = "check-out", fields = {
    { name = "program", kind = "string", filter = "meterproof.check_out.program", min = 1, max = 256 },
    { name = "originalName", kind = "string", filter = "meterproof.check_out.original_name", min = 0, max = 256 },
    { name = "version", kind = "string", filter = "meterproof.check_out.version", min = 0, max = 16384 },
    { name = "durationMs", kind = "u64", filter = "meterproof.check_out.duration_ms" },
  } },
  -- from the client: gives a checked-out licence back before its time is over
  [0x08] = { name = "check-in", fields = {
    { name = "lease", kind = "string", filter = "meterproof.check_in.lease", min = 1, max = 64 },
  } },
  -- from the client: asks to be told when a licence becomes free
  [0x09] = { name = "request-callback", fields = {
    { name = "program", kind = "string", filter = "meterproof.request_callback.program", min = 1, max = 256 },
    { name = "originalName", kind = "string", filter = "meterproof.request_callback.original_name", min = 0, max = 256 },
    { name = "version", kind = "string", filter = "meterproof.request_callback.version", min = 0, max = 16384 },
  } },
  -- from the server: accepts the client
  [0x81] = { name = "welcome", fields = {
    { name = "serverTimeMs", kind = "u64", filter = "meterproof.welcome.server_time_ms" },
    { name = "configurationVersion", kind = "u32", filter = "meterproof.welcome.configuration_version" },
  } },
  -- from the server: refuses the account; the server then ends the connection
  [0x82] = { name = "login-refused", fields = {
    { name = "reason", kind = "string", filter = "meterproof.login_refused.reason", min = 0, max = 1024 },
  } },
  -- from the server: grants the licence
  [0x83] = { name = "granted", fields = {
    { name = "lease", kind = "string", filter = "meterproof.granted.lease", min = 1, max = 64 },
  } },
  -- from the server: denies the licence; a definite answer, not an outage
  [0x84] = { name = "denied", fields = {
    { name = "why", kind = "choice", filter = "meterproof.denied.why", names = { [1] = "no-seat", [2] = "forbidden", [3] = "no-permission" } },
  } },
  -- from the server: the server cannot answer the request now
  [0x85] = { name = "busy", fields = {
    { name = "retryAfterMs", kind = "u32", filter = "meterproof.busy.retry_after_ms" },
  } },
  -- from the server: answers live-status
  [0x86] = { name = "live-ack", fields = {
    { name = "leases", kind = "list", filter = "meterproof.live_ack.leases", max_count = 512, min = 1, max = 64 },
  } },
  -- from the server: the lease is no longer held, whether or not it was before
  [0x87] = { name = "released", fields = {
    { name = "lease", kind = "string", filter = "meterproof.released.lease", min = 1, max = 64 },
  } },
  -- from the server: answers get-configuration
  [0x88] = { name = "configuration", fields = {
    { name = "version", kind = "u32", filter = "meterproof.configuration.version" },
    { name = "text", kind = "text", filter = "meterproof.configuration.text", min = 0, max = 1000000 },
  } },
  -- from the server: grants the licence for a time; after it the licence is checked in by itself
  [0x89] = { name = "checked-out", fields = {
    { name = "lease", kind = "string", filter = "meterproof.checked_out.lease", min = 1, max = 64 },
    { name = "durationMs", kind = "u64", filter = "meterproof.checked_out.duration_ms" },
  } },
  -- from the server: the lease is no longer held, whether or not it was before
  [0x8a] = { name = "checked-in", fields = {
    { name = "lease", kind = "string", filter = "meterproof.checked_in.lease", min = 1, max = 64 },
  } },
  -- from the server: the client is on the list of those that wait
  [0x8b] = { name = "callback-registered", fields = {
    { name = "durationMs", kind = "u64", filter = "meterproof.callback_registered.duration_ms" },
  } },
  -- from the server: a licence is free and kept for the client; belongs to no request, its request id is 0
  [0x8c] = { name = "callback", fields = {
    { name = "program", kind = "string", filter = "meterproof.callback.program", min = 1, max = 256 },
    { name = "graceMs", kind = "u64", filter = "meterproof.callback.grace_ms" },
  } },
  -- from the server: answers get-configuration where the text is too long for one message: as many as `parts` says, in order
  [0x8d] = { name = "configuration-part", fields = {
    { name = "version", kind = "u32", filter = "meterproof.configuration_part.version" },
    { name = "part", kind = "u32", filter = "meterproof.configuration_part.part" },
    { name = "parts", kind = "u32", filter = "meterproof.configuration_part.parts" },
    { name = "text", kind = "text", filter = "meterproof.configuration_part.text", min = 0, max = 262144 },
  } },
  -- from the server: the client broke the protocol; the server then ends the connection
  [0xff] = { name = "protocol-error", fields = {
    { name = "reason", kind = "string", filter = "meterproof.protocol_error.reason", min = 0, max = 1024 },
  } },
}

local VERSION_BYTES, TYPE_AT, ID_AT, PAYLOAD_AT = 4, 5, 6, 10

local meterproof = Proto("meterproof", "Meterproof pipe")
local header = {
  length = ProtoField.uint32("meterproof.length", "Length", base.DEC),
  version = ProtoField.uint8("meterproof.version", "Version", base.DEC),
  type = ProtoField.uint8("meterproof.type", "Type", base.HEX, TYPE_NAMES),
  request_id = ProtoField.uint32("meterproof.request_id", "Request id", base.DEC),
  payload = ProtoField.bytes("meterproof.payload", "Payload"),
}
local broken = ProtoExpert.new("meterproof.broken", "The protocol is broken", expert.group.MALFORMED, expert.severity.ERROR)
meterproof.experts = { broken }
meterproof.prefs.pipe_port = Pref.uint("TCP port of the pipe face", PIPE_PORT, "Binary messages")
meterproof.prefs.share_port = Pref.uint("TCP port of the share face", SHARE_PORT, "HTTP")

local MAKERS = {
  u32 = function(name, title) return ProtoField.uint32(name, title, base.DEC) end,
  u64 = function(name, title) return ProtoField.uint64(name, title, base.DEC) end,
  choice = function(name, title, field) return ProtoField.uint8(name, title, base.DEC, field.names) end,
  string = function(name, title) return ProtoField.string(name, title, base.UNICODE) end,
  text = function(name, title) return ProtoField.string(name, title, base.UNICODE) end,
  list = function(name, title) return ProtoField.string(name, title, base.UNICODE) end,
}

local all_fields = {}
for _, field in pairs(header) do table.insert(all_fields, field) end
for _, message in pairs(MESSAGES) do
  for _, field in ipairs(message.fields) do
    field.proto = MAKERS[field.kind](field.filter, field.name, field)
    table.insert(all_fields, field.proto)
  end
end
meterproof.fields = all_fields

-- Reads the payload of one message; `fail` is called with what is wrong, and nothing is read behind that.
local function reader(tvb, tree, fail)
  local at = PAYLOAD_AT
  local self = { failed = false }

  local function room(field, bytes)
    if self.failed then return false end
    if at + bytes <= tvb:len() then return true end
    self.failed = true
    fail(string.format("truncated: %s needs %d bytes, %d are left", field.name, bytes, tvb:len() - at))
    return false
  end

  local function refuse(item, why, detail)
    self.failed = true
    fail(why .. ": " .. detail, item)
  end

  local function number(field, bytes)
    if not room(field, bytes) then return nil end
    local item = tree:add(field.proto, tvb(at, bytes))
    at = at + bytes
    return item
  end

  local function text(field, length_bytes, parent)
    if not room(field, length_bytes) then return nil end
    local length = tvb(at, length_bytes):uint()
    if not room(field, length_bytes + length) then return nil end
    local value = length > 0 and tvb(at + length_bytes, length):string(ENC_UTF_8) or ""
    local item = parent:add(field.proto, tvb(at, length_bytes + length), value)
    at = at + length_bytes + length
    if length < field.min or length > field.max then
      refuse(item, "bad-string", string.format("%s takes %d bytes, not %d to %d", field.name, length, field.min, field.max))
    end
    return value
  end

  self.u32 = function(field) number(field, 4) end
  self.u64 = function(field) number(field, 8) end
  self.choice = function(field)
    if not room(field, 1) then return nil end
    local value = tvb(at, 1):uint()
    local item = number(field, 1)
    if not field.names[value] then
      refuse(item, "bad-value", string.format("%s has no choice %d", field.name, value))
    end
    return field.names[value]
  end
  self.string = function(field) return text(field, 2, tree) end
  self.text = function(field) text(field, 4, tree) end
  self.list = function(field)
    if not room(field, 2) then return nil end
    local start, count = at, tvb(at, 2):uint()
    local items = tree:add(meterproof, tvb(at), string.format("%s: %d", field.name, count))
    at = at + 2
    if count > field.max_count then
      refuse(items, "bad-count", string.format("%s: %d is more than %d", field.name, count, field.max_count))
    end
    for _ = 1, count do
      if self.failed then break end
      text(field, 2, items)
    end
    items:set_len(at - start)
  end
  self.finish = function()
    if not self.failed and at < tvb:len() then
      fail(string.format("trailing-bytes: the payload ends after %d of %d bytes", at - PAYLOAD_AT, tvb:len() - PAYLOAD_AT))
    end
  end
  return self
end

local function frame_length(tvb, _, offset)
  local length = tvb(offset, 4):uint()
  local code = tvb(offset + TYPE_AT, 1):uint()
  local most = code < 0x80 and MAX_LENGTH.client or MAX_LENGTH.server
  -- A length that no frame has: what is there is shown as one, and the next segment begins anew.
  if length < PAYLOAD_AT - 4 or length > most then return tvb:len() - offset end
  return 4 + length
end

local function dissect_frame(tvb, pinfo, root)
  local tree = root:add(meterproof, tvb())
  local length, version, code = tvb(0, 4):uint(), tvb(VERSION_BYTES, 1):uint(), tvb(TYPE_AT, 1):uint()
  local fail = function(why, item)
    (item or tree):add_proto_expert_info(broken, why)
    pinfo.cols.info:append(" [" .. why .. "]")
  end
  tree:add(header.length, tvb(0, 4))
  tree:add(header.version, tvb(VERSION_BYTES, 1))
  tree:add(header.type, tvb(TYPE_AT, 1))
  tree:add(header.request_id, tvb(ID_AT, 4))
  local message = MESSAGES[code]
  local title = message and message.name or string.format("type 0x%02x", code)
  tree:append_text(", " .. title)
  pinfo.cols.info:append(" " .. title)
  if length ~= tvb:len() - 4 then fail(string.format("bad-length: %d", length))
  elseif version ~= PROTOCOL_VERSION then fail(string.format("bad-version: %d is not %d", version, PROTOCOL_VERSION))
  elseif not message then fail(string.format("bad-type: 0x%02x", code))
  else
    local read = reader(tvb, tree, fail)
    for index, field in ipairs(message.fields) do
      local value = read[field.kind](field)
      if index == 1 and type(value) == "string" then pinfo.cols.info:append(" " .. value) end
    end
    read.finish()
    return tvb:len()
  end
  if tvb:len() > PAYLOAD_AT then tree:add(header.payload, tvb(PAYLOAD_AT)) end
  return tvb:len()
end

function meterproof.dissector(tvb, pinfo, root)
  pinfo.cols.protocol = "Meterproof"
  pinfo.cols.info = tostring(pinfo.src_port) .. " → " .. tostring(pinfo.dst_port)
  dissect_tcp_pdus(tvb, root, PAYLOAD_AT, frame_length, dissect_frame)
  return tvb:len()
end

local ports = DissectorTable.get("tcp.port")
local bound = {}
local function bind()
  for port, dissector in pairs(bound) do ports:remove(port, dissector) end
  bound = {}
  if meterproof.prefs.pipe_port > 0 then bound[meterproof.prefs.pipe_port] = meterproof end
  if meterproof.prefs.share_port > 0 then bound[meterproof.prefs.share_port] = Dissector.get("http-over-tcp") end
  for port, dissector in pairs(bound) do ports:add(port, dissector) end
end
meterproof.prefs_changed = bind
bind()

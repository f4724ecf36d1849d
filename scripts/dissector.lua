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

